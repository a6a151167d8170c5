// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { both } from '../../src/export/observers.js';
import { traceOf } from '../../src/export/otlp/migration_spans.js';
import { Otlp } from '../../src/export/otlp/otlp.js';
import { partialSuccess } from '../../src/export/otlp/partial_success.js';
import { Sender } from '../../src/export/otlp/sender.js';
import { Judge } from '../../src/judge.js';
import { NO_OBSERVER } from '../../src/model/world.js';
import type { Violation } from '../../src/rules/finding.js';
import { RULES } from '../../src/rules/index.js';
import { DEFAULT_LIMITS } from '../../src/rules/limits.js';
import { Policy } from '../../src/rules/policy.js';
import { scenario } from '../scenario.js';
import { collectorAt, type Received, rejecting } from './collector.js';

const UUID = '5a5a0001-0000-4000-8000-00000000abcd';
const SOURCE = `
  0     vm web uuid=${UUID} tgid=100
  0     dev1 opened pci mlx5_vfio_pci tgid=100
  10s   dev1 set PRE_COPY
  11s   dev1 data read 4096
  12s   dev1 set STOP_COPY
  12500ms dev1 region write bar0+0x10 4
  13s   dev1 data read 4096
  13s   dev1 data read 0
  14s   dev1 set STOP
  15s   tick
`;
const DESTINATION = `
  0     vm web uuid=${UUID} tgid=200
  0     dev1 opened pci mlx5_vfio_pci tgid=200
  9s    dev1 set RESUMING
  13s   dev1 data write 8192
  14s   dev1 set RUNNING
  15s   tick
`;

const quiet = () => {};

/** What a host that lived through the scenario sends. */
async function sent(t: TestContext, text: string): Promise<Received[]> {
  const collector = await collectorAt(t);
  const otlp = new Otlp({ endpoint: collector.endpoint, queue: 1000, version: '1.2.3', log: quiet });
  const policy = new Policy({ rules: RULES, profile: 'uapi', limits: DEFAULT_LIMITS });
  const onViolation = (v: Violation) => otlp.onViolation(v);
  const judge = new Judge({ policy, onViolation }, both(NO_OBSERVER, otlp.spans));
  otlp.watch(judge.world);
  for (const record of scenario(text)) judge.feed(record);
  judge.finish();
  await otlp.close();
  assert.deepEqual(
    otlp.sinks.map(({ dropped, errors }) => [dropped, errors]),
    [
      [0, 0],
      [0, 0],
    ],
  );
  return collector.received;
}

type Plain = Record<string, unknown>;

function attributes(of: Plain): Plain {
  const pairs = of.attributes as { key: string; value: Plain }[];
  return Object.fromEntries(pairs.map(({ key, value }) => [key, Object.values(value)[0]]));
}

/** The spans of a host, or its log records. */
function items(received: readonly Received[], path: string): Plain[] {
  return received
    .filter((request) => request.path === path)
    .flatMap(({ body }) => (body.resourceSpans ?? body.resourceLogs) as Plain[])
    .flatMap((of) => (of.scopeSpans ?? of.scopeLogs) as Plain[])
    .flatMap((of) => (of.spans ?? of.logRecords) as Plain[]);
}

const seconds = (span: Plain) =>
  (Number(BigInt(String(span.endTimeUnixNano)) - BigInt(String(span.startTimeUnixNano))) / 1e9).toFixed(1);

test('a migration is a trace, each state of it a span', async (t) => {
  const received = await sent(t, SOURCE);
  const [root, ...states] = items(received, '/v1/traces');
  assert.equal(root?.name, 'migration source');
  assert.equal(attributes(root ?? {})['migwatch.result'], 'completed');
  assert.equal(attributes(root ?? {})['migwatch.data_bytes'], '8192');
  assert.deepEqual(
    states.map((s) => [s.name, seconds(s), s.parentSpanId === root?.spanId, s.traceId === root?.traceId]),
    [
      ['PRE_COPY', '2.0', true, true],
      ['STOP_COPY', '2.0', true, true],
    ],
  );
  const request = received.find(({ path }) => path === '/v1/traces');
  assert.ok(request);
  assert.equal(request.type, 'application/x-protobuf');
  const [{ resource }] = request.body.resourceSpans as [{ resource: Plain }];
  assert.equal(attributes(resource)['service.name'], 'migwatch');
});

test('both ends of a migration have one trace', async (t) => {
  const [source] = items(await sent(t, SOURCE), '/v1/traces');
  const [destination] = items(await sent(t, DESTINATION), '/v1/traces');
  assert.equal(destination?.name, 'migration destination');
  assert.equal(source?.traceId, destination?.traceId);
  const [other] = items(await sent(t, SOURCE.replace(UUID, UUID.replace('a', 'b'))), '/v1/traces');
  assert.notEqual(source?.traceId, other?.traceId);
});

test('ends that began on two sides of a window are linked', () => {
  const edge = 600_000_000_000n * 1_000_000n;
  const [before, after] = [traceOf('vm', edge - 1n), traceOf('vm', edge)];
  assert.notDeepEqual(before.id, after.id);
  assert.deepEqual([before.links, after.links], [[after.id], [before.id]]);
  assert.deepEqual(traceOf('vm', edge + 60_000_000_000n).links, []);
});

test('a violation is a log record in the trace of its migration', async (t) => {
  const received = await sent(t, SOURCE);
  const records = items(received, '/v1/logs');
  const found = records.find((r) => attributes(r)['migwatch.rule'] === 'mmio-rw-while-halted');
  assert.ok(found);
  assert.equal(found.severityText, 'CRITICAL');
  assert.equal(found.severityNumber, 'SEVERITY_NUMBER_ERROR');
  assert.match(String((found.body as Plain).stringValue), /^mmio-rw-while-halted: /);
  assert.equal(attributes(found)['vfio.state'], 'STOP_COPY');
  assert.equal(found.timeUnixNano, String(1_700_000_000_000_000_000n + 5_012_500_000_000n));
  assert.equal(found.traceId, items(received, '/v1/traces')[0]?.traceId);
});

/** A sender to a collector that answers thus, with its log. */
async function sender(
  t: TestContext,
  answer: (n: number) => number | undefined,
  { queue = 10, body }: { queue?: number; body?: Uint8Array | undefined } = {},
) {
  const collector = await collectorAt(t, answer, body);
  const said: string[] = [];
  const url = new URL('/v1/logs', collector.endpoint);
  const log = (level: string, what: string) => said.push(`${level} ${what}`);
  const options = { name: 'otlp_logs', url, queue, log, backOffMs: 1, body: () => new Uint8Array() };
  return { collector, said, sender: new Sender(options) };
}

const ITEM = new Uint8Array(1);

test('a collector that is busy is asked again, and what it took is counted once', async (t) => {
  const { collector, said, sender: s } = await sender(t, (n) => (n < 2 ? 503 : 200));
  s.add(ITEM);
  s.add(ITEM);
  await collector.requests(3);
  await s.close();
  assert.deepEqual([s.exported, s.dropped, s.errors], [2, 0, 2]);
  assert.deepEqual(said, [
    'error collector cannot be reached; watching goes on',
    'info collector is reached again',
  ]);
});

test('what a collector refuses for good is dropped', async (t) => {
  const { collector, sender: s } = await sender(t, (n) => (n === 0 ? 400 : 200));
  s.add(ITEM);
  await collector.requests(1);
  await s.close();
  assert.deepEqual([s.exported, s.dropped, s.errors], [0, 1, 1]);
});

test('what a collector takes and rejects all the same is dropped, and told once', async (t) => {
  const { collector, said, sender: s } = await sender(t, () => 200, { body: rejecting(2, 'too old') });
  for (const requests of [1, 2]) {
    for (let n = 0; n < 3; n++) s.add(ITEM);
    await collector.requests(requests);
  }
  await s.close();
  assert.deepEqual([s.exported, s.dropped, s.errors], [2, 4, 0]);
  assert.deepEqual(said, ['warn the collector rejects some of what it takes']);
});

test('an answer that is no message rejects nothing', () => {
  const answer = rejecting(1000, 'why') ?? new Uint8Array();
  assert.deepEqual(partialSuccess(answer), { rejected: 1000, message: 'why' });
  for (let length = 0; length < answer.length; length++)
    assert.equal(partialSuccess(answer.subarray(0, length)).rejected, 0);
  assert.equal(partialSuccess(Buffer.from('<html>')).rejected, 0);
  assert.equal(partialSuccess(new Uint8Array(100).fill(255)).rejected, 0);
});

test('a collector that does not answer fills the queue, and nothing more', async (t) => {
  const { collector, sender: s } = await sender(t, () => undefined, { queue: 3 });
  for (let n = 0; n < 5; n++) s.add(ITEM);
  await collector.requests(1);
  assert.equal(s.dropped, 2);
  await s.close(); // does not wait for it for long
  assert.deepEqual([s.exported, s.dropped], [0, 5]);
  s.add(ITEM);
  assert.equal(s.dropped, 6);
});
