// SPDX-License-Identifier: Apache-2.0
/** The web configuration in force: read again when one of its files has changed, kept when it is broken. */
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { ReloadState } from './host_series.js';
import type { Log } from './log.js';
import { OPEN, type TlsSettings, type WebSettings } from './web_settings.js';

/** The files are looked at no more often, ms. */
const LOOK_MS = 1_000;

export interface WebConfigOptions {
  /** undefined: plain HTTP without passwords. */
  readonly file: string | undefined;
  /** Reads it; throws in words for the operator, without secrets. */
  readonly read: (file: string) => WebSettings;
  /** A clock in ms; Date.now in production. */
  readonly now: () => number;
  readonly log: Log;
}

interface InForce {
  readonly settings: WebSettings;
  readonly secure: SecureContextOptions | undefined;
}

function secureOptions(tls: TlsSettings): SecureContextOptions {
  const { minVersion, maxVersion, ciphers, preferServer, curves, caFile } = tls;
  const options: SecureContextOptions = {
    cert: readFileSync(tls.certFile),
    key: readFileSync(tls.keyFile),
    minVersion,
    maxVersion,
    ciphers,
    honorCipherOrder: preferServer,
    ecdhCurve: curves,
    ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }),
  };
  createSecureContext(options); // throws where certificate and key are not a pair
  return options;
}

/** How a server asks clients for certificates is fixed when it begins to listen. */
const asks = ({ tls }: WebSettings) =>
  tls === undefined
    ? 'plain HTTP'
    : tls.clientAuth === 'NoClientCert'
      ? 'TLS'
      : 'TLS with client certificates';

function stamp(path: string): string {
  const s = statSync(path, { throwIfNoEntry: false });
  return s ? `${s.dev} ${s.ino} ${s.size} ${s.mtimeMs}` : '';
}

export class WebConfig implements ReloadState {
  successful = true;
  at: number;
  /** Called when something new is in force. */
  onChange: () => void = () => {};
  private inForce: InForce = { settings: OPEN, secure: undefined };
  /** Of the files as they were last read, successfully or not. */
  private seen = '';
  private lookedAt: number;

  /** Throws, in words for the operator, where it cannot be used. */
  constructor(private readonly options: WebConfigOptions) {
    this.at = this.lookedAt = options.now();
    if (options.file === undefined) return;
    this.inForce = this.read(options.file);
    this.seen = this.stamps(options.file);
  }

  get settings(): WebSettings {
    return this.inForce.settings;
  }

  get secure(): SecureContextOptions | undefined {
    return this.inForce.secure;
  }

  /** To be called before a connection or request is served. */
  look(): void {
    const { file, now, log } = this.options;
    if (file === undefined || now() - this.lookedAt < LOOK_MS) return;
    this.lookedAt = now();
    const seen = this.stamps(file);
    if (seen === this.seen) return;
    this.seen = seen;
    try {
      const next = this.read(file);
      const [before, after] = [asks(this.settings), asks(next.settings)];
      if (before !== after) throw new Error(`${file}: from ${before} to ${after} only with a restart`);
      this.inForce = next;
      this.seen = this.stamps(file); // it may name other files now
      this.successful = true;
      this.at = now();
      log('info', 'web configuration read again', { file });
      this.onChange();
    } catch (err) {
      this.successful = false;
      for (const error of (err as Error).message.split('\n'))
        log('error', 'web configuration refused; the one before stays in force', { error });
    }
  }

  private read(file: string): InForce {
    const settings = this.options.read(file);
    const { tls } = settings;
    try {
      return { settings, secure: tls && secureOptions(tls) };
    } catch (err) {
      throw new Error(`${file}: tls_server_config: ${(err as Error).message}`);
    }
  }

  private stamps(file: string): string {
    const { tls } = this.settings;
    const files = [file, tls?.certFile, tls?.keyFile, tls?.caFile];
    return files.map((path) => (path === undefined ? '' : stamp(path))).join('|');
  }
}
