// SPDX-License-Identifier: Apache-2.0
/** What a web configuration file comes to; the shell reads it, the server obeys it. */

/** Go's names, as the file has them. */
export const CLIENT_AUTH = [
  'NoClientCert',
  'RequestClientCert',
  'RequireAnyClientCert',
  'VerifyClientCertIfGiven',
  'RequireAndVerifyClientCert',
] as const;
export type ClientAuth = (typeof CLIENT_AUTH)[number];

export interface TlsSettings {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string | undefined;
  readonly clientAuth: ClientAuth;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly maxVersion: 'TLSv1.2' | 'TLSv1.3';
  /** As OpenSSL lists them. */
  readonly ciphers: string;
  readonly preferServer: boolean;
  readonly curves: string;
}

export interface WebSettings {
  /** undefined: plain HTTP. */
  readonly tls: TlsSettings | undefined;
  /** Set on every response. */
  readonly headers: Readonly<Record<string, string>>;
  /** bcrypt hash by user; empty: no password is asked for. */
  readonly users: ReadonlyMap<string, string>;
}

export const OPEN: WebSettings = { tls: undefined, headers: {}, users: new Map() };
