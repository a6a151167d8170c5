// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { listen, type Web } from '../../src/export/http.js';
import { formatListenAddress, parseListenAddress } from '../../src/export/listen_address.js';
import { Recent } from '../../src/export/recent.js';
import { violationJson } from '../../src/export/violation_json.js';
import { FACTS } from '../../src/model/coverage.js';
import { State } from '../../src/model/fsm.js';
import type { Violation } from '../../src/rules/finding.js';
import type { Finding } from '../../src/rules/found.js';
import { encode } from '../../src/wire/events.gen.js';
import { found, Host, openWeb, violation } from './fixture.js';

const host = new Host();
const recent = new Recent();
let notReady: string | undefined = 'probes are being attached';
const options = {
  metrics: host.metrics,
  world: host.world,
  recent,
  version: '1.2.3',
  notReady: () => notReady,
  config: () => ({ policy: 'abc' }),
  ruleText: (id: string) => (id === 'rule-a' ? 'rule  rule-a\n' : undefined),
  ...openWeb(),
  log: () => {},
};
let web: Web;
before(async () => {
  web = await listen(options, parseListenAddress('127.0.0.1:0'));
});
after(() => web.close());

function add(more: Partial<Violation> = {}): Finding {
  const v = violation(more);
  const finding = found(v);
  recent.add(violationJson(v), v, finding);
  return finding;
}

const get = (path: string, headers = {}) => fetch(`http://${web.address}${path}`, { headers });

test('listen addresses', () => {
  assert.deepEqual(parseListenAddress('127.0.0.1:9641'), { host: '127.0.0.1', port: 9641 });
  assert.deepEqual(parseListenAddress('[::1]:9641'), { host: '::1', port: 9641 });
  assert.deepEqual(parseListenAddress('localhost:1'), { host: 'localhost', port: 1 });
  assert.deepEqual(parseListenAddress(':9641'), { host: undefined, port: 9641 });
  for (const bad of ['', '9641', '127.0.0.1', '::1:9641', '[]:1', 'a:b', ':99999', 'http://x:1', ':-1'])
    assert.throws(() => parseListenAddress(bad), /--web\.listen-address=.*expected HOST:PORT/, bad);
  for (const text of ['127.0.0.1:9641', '[::1]:9641', ':9641'])
    assert.equal(formatListenAddress(parseListenAddress(text)), text);
});

test('a port in use is said in words', async () => {
  await assert.rejects(
    listen(options, parseListenAddress(web.address)),
    new RegExp(`cannot listen on ${web.address}: the port is in use.*--web.listen-address`),
  );
});

test('healthy always, ready when it is', async () => {
  assert.equal((await get('/-/healthy')).status, 200);
  const not = await get('/-/ready');
  assert.equal(not.status, 503);
  assert.equal(await not.text(), 'probes are being attached\n');
  notReady = undefined;
  assert.equal((await get('/-/ready')).status, 200);
});

test('the configuration in force, where it is offered', async () => {
  assert.deepEqual(await (await get('/api/config')).json(), { policy: 'abc' });
});

test('a rule in full, for whoever follows the link in a violation', async () => {
  const rule = await get('/rules/rule-a');
  assert.equal(rule.headers.get('content-type'), 'text/plain; charset=utf-8');
  assert.equal(await rule.text(), 'rule  rule-a\n');
  assert.equal((await get('/rules/rule-z')).status, 404);
});

test('metrics have their type, the page its policy', async () => {
  const metrics = await get('/metrics');
  assert.equal(metrics.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  assert.match(await metrics.text(), /^# HELP migwatch_violations_total /m);
  const page = await get('/');
  assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
  assert.match(
    page.headers.get('content-security-policy') ?? '',
    /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:/,
  );
  assert.equal(page.headers.get('x-powered-by'), null);
  for (const [, file] of (await page.text()).matchAll(/(?:src|href)="(page\.\w+)"/g))
    assert.equal((await get(`/${file}`)).status, 200, file);
});

test('devices', async () => {
  host.feed('vm', { tgid: 100, name: 'web' });
  host.open(1, '0000:3b:00.2');
  host.set(1, 2, State.RUNNING, State.PRE_COPY);
  host.feed('mig_set', { dev: 1, gen: 5, requested: State.STOP_COPY });
  host.feed('mig_arc', {
    dev: 1,
    gen: 6,
    cur: State.PRE_COPY,
    requested: State.STOP_COPY,
    next: State.STOP_COPY,
  });
  host.metrics.onViolation(violation());
  const devices = (await (await get('/api/devices')).json()) as unknown[];
  assert.deepEqual(devices, [
    {
      name: '0000:3b:00.2',
      driver: 'mlx5_vfio_pci',
      bus: 'pci',
      vm: 'web',
      group: 12,
      migration: ['stop-copy', 'p2p', 'pre-copy'],
      state: 'PRE_COPY',
      known_by: 'set',
      since_at_ns: 6e6,
      since_ns: 2e6,
      transition: { from: 'PRE_COPY', requested: 'STOP_COPY', since_ns: 1e6, arcs: ['PRE_COPY → STOP_COPY'] },
      episode: { id: 1, side: 'source', lost: 0 },
      bytes_saved: 0,
      bytes_resumed: 0,
      violations: { info: 0, warning: 0, critical: 1 },
    },
  ]);
});

test('violations: newest first, bounded, and cheap to poll', async () => {
  add({ reason: 'old' });
  add({ reason: 'new' });
  const answer = await get('/api/violations');
  const list = (await answer.json()) as { reason: string }[];
  assert.deepEqual(
    list.map((v) => v.reason),
    ['new', 'old'],
  );
  const one = (await (await get('/api/violations?limit=1')).json()) as unknown[];
  assert.equal(one.length, 1);
  // As a browser revalidates; fetch here would otherwise add no-cache.
  const ask = { 'if-none-match': answer.headers.get('etag'), 'cache-control': 'max-age=0' };
  const same = await get('/api/violations', ask);
  assert.equal(same.status, 304);
  add();
  const more = await get('/api/violations', ask);
  assert.equal(more.status, 200);
  // One that happens again is another answer, too.
  const again = add({ reason: 'again' });
  again.again(5, encode('tick', { at: 5 }));
  again.again(7, encode('tick', { at: 7 }));
  const counted = await get('/api/violations', { ...ask, 'if-none-match': more.headers.get('etag') });
  assert.equal(counted.status, 200);
  const [first, second] = (await counted.json()) as Record<string, unknown>[];
  assert.deepEqual(
    [first?.count, first?.last_at_ns, (first?.last_event as { at?: number } | undefined)?.at],
    [3, 7, 7],
  );
  assert.deepEqual([second?.count, second?.last_event], [1, null]);
  for (const bad of ['0', '-1', 'x', '1.5', ''])
    assert.equal((await get(`/api/violations?limit=${bad}`)).status, 400, bad);
});

test('status', async () => {
  const status = (await (await get('/api/status')).json()) as Record<string, unknown>;
  assert.equal(status.version, '1.2.3');
  assert.equal(status.ready, true);
  assert.deepEqual(status.rings, [
    { ring: 'crit', made: 10, lost: 0, received: 10 },
    { ring: 'bulk', made: 20, lost: 3, received: 17 },
  ]);
  assert.equal((status.coverage as unknown[]).length, FACTS.length);
});

test('what is not there or goes wrong gets no stack trace', async () => {
  for (const path of ['/nothing', '/%zz', '/..%2f..%2fpackage.json'])
    assert.equal((await get(path)).status, 404, path);
  const logged: string[] = [];
  const stats = () => {
    throw new Error('the shim is closed');
  };
  const log = (_level: string, msg: string) => logged.push(msg);
  const broken = await listen(
    { ...options, metrics: new Host({ stats }).metrics, log },
    parseListenAddress('127.0.0.1:0'),
  );
  const answer = await fetch(`http://${broken.address}/metrics`);
  assert.equal(answer.status, 500);
  assert.equal(await answer.text(), 'internal error\n');
  assert.deepEqual(logged, ['request failed']);
  await broken.close();
});
