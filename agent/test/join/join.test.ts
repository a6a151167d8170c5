// SPDX-License-Identifier: Apache-2.0
/** Both sides of a migration, judged together. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { migrationText } from '../../src/export/migration_text.js';
import { contradiction, downtime } from '../../src/join/downtime.js';
import { bytesOf, type Half, Halves, type Host } from '../../src/join/half.js';
import { judgeMigration } from '../../src/join/judge.js';
import { join } from '../../src/join/pairing.js';
import { NOWHERE } from '../../src/rules/finding.js';
import { JOINT_RULES, RULES } from '../../src/rules/index.js';
import { DEFAULT_LIMITS } from '../../src/rules/limits.js';
import { Policy } from '../../src/rules/policy.js';
import { judgeBatches } from '../run.js';
import { scenario } from '../scenario.js';

const UUID = '3f0c5c1e-0000-4000-8000-000000000001';
const MS = 1e6;
const BASE = 5_000_000_000_000n;

const SOURCE = `
  0       vm web-1 tgid=100 uuid=${UUID}
  0       dev1 opened pci mlx5_vfio_pci tgid=100
  1000ms  dev1 set PRE_COPY
  1100ms  dev1 data read 4096
  2000ms  dev1 set STOP_COPY
  2050ms  dev1 data read 65536
  2060ms  dev1 data read 0
  2300ms  dev1 set STOP
  2310ms  dev1 data release
  2320ms  dev1 closed exit=0
  3000ms  tick`;
const DESTINATION = `
  0       vm web-1 tgid=100 uuid=${UUID}
  0       vf1 opened pci mlx5_vfio_pci tgid=100
  900ms   vf1 set RESUMING
  1150ms  vf1 data write 4096
  2070ms  vf1 data write 65536
  2080ms  vf1 data release
  2090ms  vf1 set RUNNING_P2P took=100ms
  2200ms  vf1 set RUNNING
  3000ms  tick`;

interface Side {
  readonly text: string;
  readonly boot: string;
  /** The host's clock is so much ahead, ms. */
  readonly ahead?: number;
  readonly error?: number | undefined;
}

function halves({ text, boot, ahead = 0, ...side }: Side): Half[] {
  const error = 'error' in side ? side.error : MS;
  const host: Host = {
    origin: { ...NOWHERE, host: boot, boot_id: boot },
    clockOffset: 0n,
    clockError: error,
  };
  const records = scenario(text, { base: BASE + BigInt(ahead * MS) });
  let collected: Halves | undefined;
  judgeBatches(records, {}, (e, { world }) => {
    collected ??= new Halves(host, world);
    collected.after(e);
  });
  collected?.finish();
  return collected?.found ?? [];
}

function joined(source: Partial<Side> = {}, destination: Partial<Side> = {}) {
  const all = [
    ...halves({ text: SOURCE, boot: 'alpha', ...source }),
    ...halves({ text: DESTINATION, boot: 'beta', ...destination }),
  ];
  const policy = new Policy({ profile: 'uapi', rules: [...RULES, ...JOINT_RULES], limits: DEFAULT_LIMITS });
  const { migrations, alone } = join(all);
  const verdicts = migrations.flatMap((m) => judgeMigration(m, policy));
  const said = verdicts.map((v) => `${v.rule} ${v.violation?.reason ?? v.verdict}`).sort();
  return { migrations, alone, verdicts, said, first: migrations[0] };
}

const KEPT = [
  'blackout-budget-exceeded kept',
  'resume-without-data kept',
  'stop-copy-not-drained kept',
  'stream-truncated kept',
];

test('a migration between two hosts: bytes saved are bytes loaded, downtime with its uncertainty', () => {
  const { first, said, alone } = joined();
  assert.ok(first);
  assert.deepEqual(said, KEPT);
  assert.deepEqual(alone, []);
  const [{ source, destination, by, certain }] = first.pairs;
  assert.deepEqual([bytesOf(source), bytesOf(destination), by, certain], [69632, 69632, 'uuid', true]);
  const time = downtime(first);
  // From the request to stop at 2000 ms to RUNNING at 2200 ms and its microsecond.
  assert.equal(Math.round((time?.total ?? 0) / MS), 200);
  assert.equal(time?.error, 2 * MS);
  assert.equal(Math.round((time?.least ?? 0) / MS), 50 + 130);
  assert.deepEqual(
    source.steps.map((s) => s.state),
    ['PRE_COPY', 'STOP_COPY', 'STOP', 'closed'],
  );
  assert.deepEqual(
    destination.steps.map((s) => s.state),
    ['RESUMING', 'RUNNING_P2P', 'RUNNING'],
  );
});

test('side by side: both hosts in one order of time', () => {
  const { first, verdicts } = joined();
  const text = first ? migrationText(first, verdicts) : '';
  assert.match(
    text,
    /^migration of vm web-1: alpha → beta, joined by UUID\n {2}clocks agree within 2\.000 ms/,
  );
  assert.match(text, /downtime 200\.\d{3} ms ± 2\.000 ms/);
  const states = [...text.matchAll(/^ +-?[\d.]+ {2}( *)(\w+)$/gm)].map(([, indent, s]) =>
    indent ? `→${s}` : s,
  );
  const wanted = ['→RESUMING', 'PRE_COPY', 'STOP_COPY', '→RUNNING_P2P', '→RUNNING', 'STOP', 'closed'];
  assert.deepEqual(states, wanted);
});

test('a stream that was cut on its way is found, by the driver that took it', () => {
  const cut = DESTINATION.replace('write 65536', 'write 60000');
  const { verdicts, said } = joined({}, { text: cut });
  assert.ok(said.includes('stream-truncated truncated'), said.join());
  const v = verdicts.find((found) => found.violation)?.violation;
  assert.deepEqual(v?.evidence, { saved: 69632, loaded: 64096, missing: 5536 });
  assert.deepEqual([v?.severity, v?.device, v?.peers[0]?.device], ['critical', 'vf1', 'dev1']);
  const more = joined({}, { text: DESTINATION.replace('write 65536', 'write 65537') });
  assert.ok(more.said.includes('stream-truncated grown'));
});

test('a cut stream is nobody’s fault when the destination does not run', () => {
  const failed = DESTINATION.replace(/\n.*write 65536[\s\S]*RUNNING\n/, '\n 2100ms vf1 closed exit=1\n');
  const { said } = joined({}, { text: failed });
  assert.deepEqual(said, []);
});

test('where records were lost the bytes are not compared', () => {
  const lossy = DESTINATION.replace('2080ms', '2075ms  lost bulk 3\n  2080ms').replace('65536', '60000');
  assert.ok(joined({}, { text: lossy }).said.includes('stream-truncated unknown'));
  const cut = SOURCE.replace(/\n.*data read 0[\s\S]*/, '');
  assert.ok(joined({ text: cut }).said.includes('stream-truncated unknown'));
});

test('a destination that runs on a stream that the source left early, or on nothing', () => {
  const early = SOURCE.replace(/\n.*data read 0/, '');
  assert.ok(joined({ text: early }).said.includes('stop-copy-not-drained destination-runs'));
  const nothing = DESTINATION.replace(/\n.*data write.*/g, '');
  const { said } = joined({}, { text: nothing });
  assert.ok(said.includes('resume-without-data source-streamed'));
  assert.ok(!said.some((s) => s.startsWith('stream-truncated')), 'one cause, one finding');
});

test('downtime: over the budget by the clocks, or whatever they say', () => {
  const slow = DESTINATION.replace('2200ms', '2500ms');
  const budget = (a: Partial<Side>, b: Partial<Side>) =>
    joined(a, b).said.find((s) => s.startsWith('blackout'));
  assert.equal(budget({}, { text: slow }), 'blackout-budget-exceeded over-budget-joined');
  // Not synchronised: what each host measured by itself is enough for the one, and not for the other.
  assert.equal(budget({ error: undefined }, { text: slow }), 'blackout-budget-exceeded over-budget-joined');
  assert.equal(budget({ error: undefined }, {}), 'blackout-budget-exceeded unknown');
  assert.equal(budget({ error: 31 * MS }, {}), 'blackout-budget-exceeded unknown');
});

test('clocks that cannot be right are said to be wrong, and by how much', () => {
  const { first, said, verdicts } = joined({}, { ahead: -3_600_000, error: undefined });
  assert.ok(first);
  const time = downtime(first);
  assert.ok(time);
  assert.equal(Math.round(contradiction(time) / MS), 3_600_000 - 20);
  assert.ok(said.includes('blackout-budget-exceeded unknown'));
  const text = migrationText(first, verdicts);
  assert.match(
    text,
    /downtime at least 180\.\d+ ms .* which cannot be: they are 35999\d\d\.\d+ ms apart or more/,
  );
  assert.match(text, /times of beta are shown 35999\d\d\.\d+ ms later/);
});

test('two traces of one boot are on one clock, whatever the wall clock did', () => {
  const { first } = joined(
    { error: undefined },
    { boot: 'alpha', text: DESTINATION.replaceAll('tgid=100', 'tgid=200') },
  );
  assert.deepEqual(first?.clocks, { shared: true, error: 0 });
});

test('without a UUID: equal bytes at the same time, if only one pair can be meant', () => {
  const bare = (text: string) => text.replaceAll(`uuid=${UUID}`, '');
  const { first, said } = joined({ text: bare(SOURCE) }, { text: bare(DESTINATION) });
  assert.equal(first?.pairs[0].by, 'bytes');
  assert.deepEqual(said, KEPT);
  const other = bare(DESTINATION).replace('65536', '65535');
  assert.equal(joined({ text: bare(SOURCE) }, { text: other }).alone.length, 2);
  const later = joined({ text: bare(SOURCE) }, { text: bare(DESTINATION), ahead: 10_000 });
  assert.equal(later.migrations.length, 0, 'at another time');
  const twins = ['beta', 'gamma'].flatMap((boot) => halves({ text: bare(DESTINATION), boot }));
  const { migrations } = join([...halves({ text: bare(SOURCE), boot: 'alpha' }), ...twins]);
  assert.equal(migrations.length, 0, 'two could be meant');
});

test('another VM is another VM', () => {
  const { migrations, alone } = joined({}, { text: DESTINATION.replace(UUID, UUID.replace('1', '2')) });
  assert.deepEqual([migrations.length, alone.length], [0, 2]);
});

test('the second try is joined with the second try', () => {
  const twice = `${SOURCE.replace(/\n.*data read 65536[\s\S]*/, '')}
  2010ms  dev1 data release
  2020ms  dev1 set RUNNING
  5000ms  dev1 set PRE_COPY
  5100ms  dev1 data read 8192
  5200ms  dev1 set STOP_COPY
  5250ms  dev1 data read 65536
  5260ms  dev1 data read 0
  5300ms  dev1 set STOP
  5310ms  dev1 data release
  6s      tick`;
  const second = `
  4s      vm web-1 tgid=100 uuid=${UUID}
  4s      vf1 opened pci mlx5_vfio_pci tgid=100
  4900ms  vf1 set RESUMING
  5150ms  vf1 data write 8192
  5270ms  vf1 data write 65536
  5280ms  vf1 data release
  5290ms  vf1 set RUNNING
  6s      tick`;
  const { migrations, alone, said } = joined({ text: twice }, { text: second });
  assert.deepEqual([migrations.length, alone.length], [1, 1]);
  assert.ok(said.includes('stream-truncated kept'));
});
