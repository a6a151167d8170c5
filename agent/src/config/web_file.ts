// SPDX-License-Identifier: Apache-2.0
/**
 * The web configuration file: the format of the Prometheus exporter-toolkit, so that what already configures
 * other exporters configures this one. Keys that are not known here are refused, those of newer toolkits too.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { CLIENT_AUTH, type ClientAuth, type TlsSettings, type WebSettings } from '../export/web_settings.js';
import { readYaml, type Value } from './document.js';
import type { Choice, Mapping, Shape } from './shape.js';
import { UsageError } from './usage.js';

/** Go's names of the TLS 1.2 suites that it takes for safe, and OpenSSL's. */
const SUITES: Readonly<Record<string, string>> = {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
};
/** As in Go these are not for choosing: TLS 1.3 has them all. */
const TLS13_SUITES = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];
const CURVES: Readonly<Record<string, string>> = {
  CurveP256: 'P-256',
  CurveP384: 'P-384',
  CurveP521: 'P-521',
  X25519: 'X25519',
};
const VERSIONS = { TLS12: 'TLSv1.2', TLS13: 'TLSv1.3' } as const;

const TEXT: Shape = { kind: 'text' };
const FLAG: Shape = { kind: 'boolean' };
const oneOf = (values: readonly string[]): Choice => ({ kind: 'choice', values });
const anyOf = (values: readonly string[]): Shape => ({ kind: 'list', of: oneOf(values) });

const HEADERS = [
  'Content-Security-Policy',
  'Strict-Transport-Security',
  'X-Content-Type-Options',
  'X-Frame-Options',
  'X-XSS-Protection',
];

const SHAPE: Mapping = {
  kind: 'mapping',
  keys: {
    tls_server_config: {
      kind: 'mapping',
      keys: {
        cert_file: TEXT,
        key_file: TEXT,
        client_auth_type: oneOf(CLIENT_AUTH),
        client_ca_file: TEXT,
        min_version: oneOf(Object.keys(VERSIONS)),
        max_version: oneOf(Object.keys(VERSIONS)),
        cipher_suites: anyOf([...Object.keys(SUITES), ...TLS13_SUITES]),
        prefer_server_cipher_suites: FLAG,
        curve_preferences: anyOf(Object.keys(CURVES)),
      },
    },
    http_server_config: {
      kind: 'mapping',
      keys: {
        http2: FLAG,
        headers: { kind: 'mapping', keys: Object.fromEntries(HEADERS.map((name) => [name, TEXT])) },
      },
    },
    basic_auth_users: { kind: 'map', of: { kind: 'text', secret: true } },
  },
};

type Fields = Readonly<Record<string, Value>>;
const fields = (v: Value | undefined): Fields => (v ?? {}) as Fields;
const texts = (v: Value | undefined): readonly string[] => (v ?? []) as readonly string[];

/** $2a$, $2b$ or $2y$, as htpasswd -B makes them. */
const BCRYPT = /^\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/;

function tls(f: Fields, folder: string, fail: (why: string) => never): TlsSettings {
  const path = (key: string) => (f[key] === undefined ? undefined : resolve(folder, String(f[key])));
  const [certFile, keyFile, caFile] = ['cert_file', 'key_file', 'client_ca_file'].map(path);
  if (certFile === undefined) fail('tls_server_config: cert_file is missing');
  if (keyFile === undefined) fail('tls_server_config: key_file is missing');
  const clientAuth = (f.client_auth_type ?? 'NoClientCert') as ClientAuth;
  const verifies = clientAuth === 'RequireAndVerifyClientCert' || clientAuth === 'VerifyClientCertIfGiven';
  if (caFile !== undefined && clientAuth === 'NoClientCert')
    fail('tls_server_config: client_ca_file is of no use without client_auth_type');
  if (verifies && caFile === undefined)
    fail(`tls_server_config: client_auth_type ${clientAuth} needs client_ca_file`);
  const [min, max] = [f.min_version ?? 'TLS12', f.max_version ?? 'TLS13'] as (keyof typeof VERSIONS)[];
  if (min === 'TLS13' && max === 'TLS12') fail('tls_server_config: min_version is above max_version');
  const suites = texts(f.cipher_suites).flatMap((name) => SUITES[name] ?? []);
  const curves = texts(f.curve_preferences).map((name) => CURVES[name]);
  return {
    certFile,
    keyFile,
    caFile,
    clientAuth,
    minVersion: VERSIONS[min ?? 'TLS12'],
    maxVersion: VERSIONS[max ?? 'TLS13'],
    ciphers: [...TLS13_SUITES, ...(suites.length ? suites : Object.values(SUITES))].join(':'),
    preferServer: f.prefer_server_cipher_suites !== false,
    curves: curves.length ? curves.join(':') : 'auto',
  };
}

/** Throws UsageError: one line a mistake; never with what is secret in it. */
export function parseWebFile(path: string, text: string): WebSettings {
  const fail = (why: string): never => {
    throw new UsageError(`${path}: ${why}`);
  };
  const { value, complaints } = readYaml(text, SHAPE);
  if (complaints.length > 0)
    throw new UsageError(complaints.map((c) => `${path}:${c.line}:${c.column}: ${c.message}`).join('\n'));
  const all = fields(value);
  const users = Object.entries(fields(all.basic_auth_users)).map(([user, hash]) => {
    if (!BCRYPT.test(String(hash)))
      fail(`basic_auth_users: ${user}: expected a bcrypt hash, as \`htpasswd -nB ${user}\` prints it`);
    return [user, String(hash)] as const;
  });
  const headers = fields(fields(all.http_server_config).headers) as Readonly<Record<string, string>>;
  const server = all.tls_server_config;
  return {
    tls: server === undefined ? undefined : tls(fields(server), dirname(resolve(path)), fail),
    headers,
    users: new Map(users),
  };
}

/** Throws UsageError. */
export function readWebFile(path: string): WebSettings {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (err) {
    throw new UsageError(`--web.config.file=${path}: ${(err as Error).message}`);
  }
  return parseWebFile(path, text);
}
