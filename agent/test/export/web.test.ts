// SPDX-License-Identifier: Apache-2.0
/** TLS, passwords and bounds of the web server, as curl and openssl meet them. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { hashSync } from 'bcryptjs';
import { parseWebFile, readWebFile } from '../../src/config/web_file.js';
import { type HttpOptions, listen, type Web } from '../../src/export/http.js';
import { parseListenAddress } from '../../src/export/listen_address.js';
import { Recent } from '../../src/export/recent.js';
import { nothingRefused } from '../../src/export/refused.js';
import { WebConfig } from '../../src/export/web_config.js';
import { Host } from './fixture.js';

const dir = mkdtempSync(join(tmpdir(), 'migwatch-'));
const at = (name: string) => join(dir, name);
after(() => rmSync(dir, { recursive: true }));

/** NAME.pem and NAME.key: a CA of its own, or signed by one. */
function certificate(name: string, ca?: string): void {
  const own = ['-keyout', at(`${name}.key`), '-out', at(`${name}.pem`), '-subj', `/CN=${name}`];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const by = ca ? ['-CA', at(`${ca}.pem`), '-CAkey', at(`${ca}.key`)] : [];
  const more = ['-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync('openssl', ['req', '-x509', ...key, ...own, ...by, ...more], { stdio: 'pipe' });
}

before(() => {
  for (const name of ['ca', 'other']) certificate(name);
  certificate('server', 'ca');
  certificate('client', 'ca');
  certificate('stranger', 'other');
});

interface Running {
  readonly web: Web;
  readonly config: WebConfig;
  readonly log: string[];
  readonly refused: ReturnType<typeof nothingRefused>;
  /** Another file takes the place of the one that is read, and time passes. */
  change(text: string): void;
  /** curl's exit code and the status; 0 where there is no answer. */
  curl(...args: string[]): Promise<{ code: number; status: number }>;
}

let files = 0;

async function run(text: string | undefined, more: Partial<HttpOptions> = {}): Promise<Running> {
  const file = text === undefined ? undefined : at(`web-${files++}.yml`);
  if (file !== undefined) writeFileSync(file, text ?? '');
  const host = new Host();
  const log: string[] = [];
  let clock = 0;
  const say = (level: string, msg: string, fields: object) =>
    log.push(`${level} ${msg} ${JSON.stringify(fields)}`);
  const config = new WebConfig({ file, read: readWebFile, now: () => clock, log: say });
  const refused = nothingRefused();
  const web = await listen(
    {
      metrics: host.metrics,
      world: host.world,
      recent: new Recent(),
      version: '1.2.3',
      notReady: () => undefined,
      web: config,
      refused,
      log: say,
      ...more,
    },
    parseListenAddress('127.0.0.1:0'),
  );
  const running: Running = {
    web,
    config,
    log,
    refused,
    change: (next) => {
      // Renamed into place: a new inode, whatever the clock's resolution.
      writeFileSync(`${file}.new`, next);
      renameSync(`${file}.new`, file ?? '');
      clock += 1000;
    },
    curl: (...args) =>
      new Promise((resolve) => {
        const flags = ['-s', '--max-time', '20', '-o', '/dev/null', '-w', '%{http_code}'];
        const child = spawn('curl', [...flags, ...args, `${web.scheme}://${web.address}/metrics`]);
        let out = '';
        child.stdout.on('data', (bytes) => {
          out += bytes;
        });
        child.on('close', (code) => resolve({ code: code ?? -1, status: Number(out) }));
      }),
  };
  return running;
}

const TLS = (more = '', cert = 'server') =>
  `tls_server_config: { cert_file: ${cert}.pem, key_file: ${cert}.key${more} }`;
const trusting = ['--cacert', at('ca.pem')];
const as = (name: string) => [...trusting, '--cert', at(`${name}.pem`), '--key', at(`${name}.key`)];

test('a wrong file is refused with its place, and no secret of it is told', () => {
  const wrong = (text: string) => {
    try {
      parseWebFile('f', text);
    } catch (err) {
      return (err as Error).message;
    }
    return '';
  };
  const cases: [string, RegExp][] = [
    ['tls_server_confg: {}', /^f:1:1: unknown key tls_server_confg; did you mean tls_server_config\?$/],
    ['tls_server_config: { cert_file: a }', /^f: tls_server_config: key_file is missing$/],
    [TLS(', min_version: TLS11'), /expected TLS12 or TLS13, found "TLS11"$/],
    [TLS(', min_version: TLS13, max_version: TLS12'), /min_version is above max_version$/],
    [TLS(', client_auth_type: RequireAndVerifyClientCert'), /needs client_ca_file$/],
    [TLS(', client_ca_file: ca.pem'), /of no use without client_auth_type$/],
    [TLS(', cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]'), /found "TLS_RSA_WITH_RC4_128_SHA"$/],
    ['http_server_config: { headers: { X-Powered-By: me } }', /unknown key X-Powered-By/],
    ['basic_auth_users: { alice: s3cret }', /^f: basic_auth_users: alice: expected a bcrypt hash/],
    ['basic_auth_users: { alice: 123456 }', /expected a text that is not empty$/],
    ['rate_limit: { burst: 1 }', /unknown key rate_limit/],
  ];
  for (const [text, message] of cases) {
    assert.match(wrong(text), message);
    assert.doesNotMatch(wrong(text), /s3cret|123456/);
  }
  assert.equal(
    wrong(TLS(', cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256], curve_preferences: [X25519]')),
    '',
  );
  assert.throws(() => readWebFile(at('none')), /--web\.config\.file=.*ENOENT/);
});

test('a certificate that is not that of the key does not start', () => {
  writeFileSync(at('pair.yml'), `tls_server_config: { cert_file: server.pem, key_file: client.key }`);
  const options = { file: at('pair.yml'), read: readWebFile, now: () => 0, log: () => {} };
  assert.throws(() => new WebConfig(options), /pair\.yml: tls_server_config: .*mismatch/);
});

test('TLS from 1.2 on, and no plain HTTP', async () => {
  const server = await run(TLS());
  assert.deepEqual(await server.curl(...trusting), { code: 0, status: 200 });
  assert.deepEqual(await server.curl(...trusting, '--tls-max', '1.2'), { code: 0, status: 200 });
  assert.equal(
    (await server.curl(...trusting, '--tls-max', '1.1', '--tlsv1.0', '--ciphers', 'DEFAULT@SECLEVEL=0')).code,
    35,
  );
  assert.equal((await server.curl('--cacert', at('other.pem'))).code, 60);
  await assert.rejects(fetch(`http://${server.web.address}/metrics`));
  await server.web.close();
});

test('TLS 1.3 alone, where the file says so', async () => {
  const server = await run(TLS(', min_version: TLS13'));
  assert.equal((await server.curl(...trusting)).status, 200);
  assert.equal((await server.curl(...trusting, '--tls-max', '1.2')).code, 35);
  await server.web.close();
});

test('a client without a certificate, or with a stranger’s, is served nothing', async () => {
  const server = await run(TLS(', client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem'));
  assert.equal((await server.curl(...as('client'))).status, 200);
  assert.equal((await server.curl(...as('stranger'))).status, 0);
  assert.equal((await server.curl(...trusting)).status, 0);
  assert.equal(server.refused.certificate, 2);
  server.change(TLS(', client_auth_type: VerifyClientCertIfGiven, client_ca_file: ca.pem'));
  assert.equal((await server.curl(...trusting)).status, 200);
  assert.equal((await server.curl(...as('stranger'))).status, 0);
  server.change(TLS(', client_auth_type: RequireAnyClientCert'));
  assert.equal((await server.curl(...as('stranger'))).status, 200);
  assert.equal((await server.curl(...trusting)).status, 0);
  await server.web.close();
});

test('a renewed certificate is used from the next connection on; a broken file changes nothing', async () => {
  const server = await run(TLS());
  const fromOther = ['--cacert', at('other.pem')];
  server.change('tls_server_config: { cert_file: missing.pem, key_file: server.key }');
  assert.equal((await server.curl(...trusting)).status, 200);
  assert.equal(server.config.successful, false);
  assert.match(server.log.join('\n'), /^error web configuration refused.*missing\.pem/m);
  server.change('basic_auth_users: {}');
  assert.equal((await server.curl(...trusting)).status, 200);
  assert.match(server.log.join('\n'), /from TLS to plain HTTP only with a restart/);
  server.change(TLS('', 'stranger'));
  assert.equal((await server.curl(...fromOther)).status, 200);
  assert.equal((await server.curl(...trusting)).code, 60);
  assert.deepEqual([server.config.successful, server.config.at], [true, 3000]);
  await server.web.close();
});

test('passwords', async () => {
  const users = (password: string) => `basic_auth_users: { alice: "${hashSync(password, 4)}" }`;
  const server = await run(`${users('s3cret')}\nhttp_server_config: { headers: { X-Frame-Options: deny } }`);
  const status = async (...args: string[]) => (await server.curl(...args)).status;
  assert.equal(await status(), 401);
  assert.equal(await status('-u', 'alice:wrong'), 401);
  assert.equal(await status('-u', 'bob:s3cret'), 401);
  assert.equal(await status('-H', 'Authorization: Basic =='), 401);
  assert.equal(await status('-u', 'alice:s3cret'), 200);
  assert.equal(await status('-u', 'alice:s3cret'), 200);
  assert.equal(server.refused.password, 4);
  const answer = await fetch(`http://${server.web.address}/`);
  assert.equal(answer.status, 401);
  assert.equal(answer.headers.get('x-frame-options'), 'deny');
  assert.match(answer.headers.get('www-authenticate') ?? '', /^Basic /);
  server.change(users('another'));
  assert.equal(await status('-u', 'alice:s3cret'), 401);
  assert.equal(await status('-u', 'alice:another'), 200);
  assert.doesNotMatch(server.log.join('\n'), /s3cret|wrong|another/);
  await server.web.close();
});

test('a flood of wrong passwords is bounded, and does not keep out who is known', async () => {
  const server = await run(`basic_auth_users: { alice: "${hashSync('s3cret', 10)}" }`);
  const login = (password: string) => {
    const headers = { authorization: `Basic ${Buffer.from(`alice:${password}`).toString('base64')}` };
    return fetch(`http://${server.web.address}/-/healthy`, { headers });
  };
  assert.equal((await login('s3cret')).status, 200);
  const flood = Promise.all(Array.from({ length: 40 }, (_, n) => login(`wrong${n}`)));
  assert.equal((await login('s3cret')).status, 200);
  const answers = (await flood).map(({ status }) => status);
  assert.deepEqual([...new Set(answers)].sort(), [401, 503]);
  assert.equal(server.refused.busy, answers.filter((s) => s === 503).length);
  await server.web.close();
});

test('clients that connect and say little keep nobody out', async () => {
  const server = await run(undefined);
  const [host = '', port = ''] = server.web.address.split(':');
  const slow = await Promise.all(
    Array.from(
      { length: 300 },
      () =>
        new Promise<ReturnType<typeof connect>>((resolve) => {
          const socket = connect(Number(port), host, () => resolve(socket));
          socket.on('error', () => {});
          socket.write('GET /metrics HTTP/1.1\r\nX-');
        }),
    ),
  );
  assert.equal((await server.curl()).status, 200);
  assert.ok(server.refused.connections >= 45, String(server.refused.connections));
  for (const socket of slow) socket.destroy();
  await server.web.close();
});

test('headers beyond their bound are refused', async () => {
  const server = await run(undefined);
  assert.equal((await server.curl('-H', `X-Long: ${'x'.repeat(20_000)}`)).status, 431);
  await server.web.close();
});

test('scrapes at the same time share one text', async () => {
  const host = new Host();
  let made = 0;
  const scrape = host.metrics.scrape.bind(host.metrics);
  host.metrics.scrape = (format, into) => {
    made++;
    return scrape(format, into);
  };
  const server = await run(undefined, { metrics: host.metrics });
  const answers = await Promise.all(
    Array.from({ length: 50 }, async () => (await fetch(`http://${server.web.address}/metrics`)).text()),
  );
  assert.ok(made < 50, String(made));
  for (const text of answers) assert.match(text, /^migwatch_build_info/m);
  await server.web.close();
});

test('reloading by POST is there only where it was enabled', async () => {
  const ask = async (more: Partial<HttpOptions>, method = 'POST') => {
    const server = await run(undefined, more);
    const { status } = await fetch(`http://${server.web.address}/-/reload`, { method });
    await server.web.close();
    return status;
  };
  assert.equal(await ask({}), 403);
  assert.equal(await ask({ reload: async () => true }), 200);
  assert.equal(await ask({ reload: async () => true }, 'PUT'), 200);
  assert.equal(await ask({ reload: async () => false }), 500);
  assert.equal(await ask({ reload: async () => true }, 'GET'), 404);
});
