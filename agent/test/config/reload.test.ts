// SPDX-License-Identifier: Apache-2.0
/** Reading the file again while records flow, and judging the recorded stream later. */
import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Policies } from '../../src/command/policies.js';
import { policyFor, Reloader } from '../../src/command/reload.js';
import { type JudgeConfig, parseCommand, type RunConfig } from '../../src/config.js';
import { violationJson } from '../../src/export/violation_json.js';
import { Judge } from '../../src/judge.js';
import { NO_OBSERVER } from '../../src/model/world.js';
import { RULES } from '../../src/rules/index.js';
import { Policy } from '../../src/rules/policy.js';
import { scenario } from '../scenario.js';

const path = join(mkdtempSync(join(tmpdir(), 'migwatch-')), 'migwatch.yaml');

async function read(text: string, ...flags: string[]): Promise<RunConfig> {
  writeFileSync(path, text);
  const command = await parseCommand(['node', 'migwatch', 'run', `--config.file=${path}`, ...flags]);
  assert.equal(command.name, 'run');
  return (command as { config: RunConfig }).config;
}

const OFF = 'rules: { mmio-rw-while-halted: off }';
const MILD = 'rules: { mmio-rw-while-halted: { severity: info } }';

/** A reloader whose file is what `texts` hold, one a reading; an Error is one that cannot be read. */
async function reloader(first: string, texts: readonly (string | Promise<string>)[]) {
  const log: string[] = [];
  const announced: string[] = [];
  const coming = [...texts];
  const config = await read(first);
  let clock = 1000;
  const made = new Reloader(config, {
    read: async () => read(await (coming.shift() ?? '')),
    announce: (id) => announced.push(id),
    onPolicy: () => {},
    now: () => clock++,
    log: (level, message, fields) => log.push(`${level} ${message} ${JSON.stringify(fields)}`),
  });
  return { made, log, announced, config };
}

test('flags win over the file, the file over the defaults', async () => {
  const file = 'profile: seed-strict\nweb: { listen-address: 127.0.0.1:1 }\nlimits: { blackout-budget: 1s }';
  const alone = await read(file);
  assert.deepEqual(
    [alone.judge.profile, alone.listen, alone.judge.limits.blackoutBudget],
    ['seed-strict', '127.0.0.1:1', 1e9],
  );
  assert.equal(alone.logLevel, 'info');
  const flags = await read(
    file,
    '--profile=uapi',
    '--web.listen-address=127.0.0.1:2',
    '--blackout.budget-ms=5',
  );
  assert.deepEqual(
    [flags.judge.profile, flags.listen, flags.judge.limits.blackoutBudget],
    ['uapi', '127.0.0.1:2', 5e6],
  );
});

test('equal judging has one id, whatever the order and whatever else is set', async () => {
  const id = async (text: string, ...flags: string[]) => (await read(text, ...flags)).judge.id;
  const one = await id('limits: { eps-cpu: 1ms, eps-irq: 1s }');
  assert.equal(await id('log: { level: warn }\nlimits: { eps-irq: 1000ms, eps-cpu: 1ms }'), one);
  assert.notEqual(await id('limits: { eps-cpu: 1ms }'), one);
  assert.equal(await id(''), await id('limits: { blackout-budget: 300ms }'));
  assert.equal(await id('limits: { blackout-budget: 1s }'), await id('', '--blackout.budget-ms=1000'));
  assert.notEqual(await id('', '--profile=seed-strict'), await id(''));
  assert.equal(await id('p2p: { unroutable: [hisi_acc_vfio_pci] }'), await id(''));
  assert.notEqual(await id('p2p: { unroutable: [] }'), await id(''));
  const devices = '- { device: a, limits: { eps-irq: 1s } }';
  const other = '- { device: b, limits: { eps-irq: 1s } }';
  assert.notEqual(await id(`devices:\n${devices}\n${other}`), await id(`devices:\n${other}\n${devices}`));
});

test('a refused file leaves the one before in force, and says where it is wrong', async () => {
  const { made, log, announced, config } = await reloader(OFF, ['rules: { nope: off }']);
  await made.reload();
  assert.deepEqual([made.successful, made.at, announced.length], [false, 1000, 0]);
  assert.equal(made.config, config);
  assert.match(log[0] ?? '', /^error configuration refused.*migwatch\.yaml:1:10: unknown key nope/);
});

test('a good one after it is in force, and counts as a success', async () => {
  const { made, announced } = await reloader(OFF, ['profile: strange', MILD]);
  await made.reload();
  await made.reload();
  assert.deepEqual([made.successful, made.at], [true, 1001]);
  assert.deepEqual(announced, [made.config.judge.id]);
});

test('what needs a restart is told each time until there is one', async () => {
  const moved = 'web: { listen-address: 127.0.0.1:9 }';
  const { made, log, announced } = await reloader('', [moved, moved]);
  await made.reload();
  await made.reload();
  const warned = log.filter((line) => line.startsWith('warn'));
  assert.equal(warned.length, 2);
  assert.match(warned[0] ?? '', /web\.listen-address/);
  assert.deepEqual(announced, [], 'judging is the same');
});

test('two signals while the first file is being read: the later file wins', async () => {
  let release = (_: string): void => {};
  const slow = new Promise<string>((resolve) => {
    release = resolve;
  });
  const { made, announced } = await reloader('', [slow, MILD]);
  const both = Promise.all([made.reload(), made.reload()]);
  release(OFF);
  await both;
  assert.equal(announced.length, 2);
  assert.equal(announced.at(-1), made.config.judge.id);
  assert.equal(made.config.judge.id, (await read(MILD)).judge.id);
  // The judge meets the records later, in the order of the stream.
  assert.deepEqual(
    announced.map((id) => made.policyOf(id)?.id),
    announced,
  );
  assert.equal(made.policyOf(announced[0] ?? ''), undefined);
});

const READ = (at: number, dev: string) => `${at}ms ${dev} region read bar0+0 4`;

/** A stream in which three policies were in force one after the other. */
const stream = (ids: readonly string[]) => `
  0ms probe policy ${ids[0]} attached required=0
  0ms dev1 opened pci mlx5_vfio_pci
  0ms dev2 opened pci mlx5_vfio_pci
  0ms dev3 opened pci mlx5_vfio_pci
  1ms dev1 set STOP_COPY
  2ms dev2 set STOP_COPY
  3ms dev3 set STOP_COPY
  ${READ(10, 'dev1')}
  20ms probe policy ${ids[1]} attached required=0
  ${READ(21, 'dev2')}
  30ms probe policy ${ids[2]} attached required=0
  ${READ(31, 'dev3')}`;

const mmio = (lines: readonly string[]) =>
  lines
    .map((line) => JSON.parse(line) as { rule: string; device: string; severity: string })
    .filter((v) => v.rule === 'mmio-rw-while-halted')
    .map((v) => `${v.device} ${v.severity}`);

function replay(records: readonly Uint8Array[], ...judges: [JudgeConfig, ...JudgeConfig[]]) {
  const policies = new Policies(judges);
  const lines: string[] = [];
  const options = { policy: policies.first, policyOf: policies.policyOf };
  const judge = new Judge({ ...options, onViolation: (v) => lines.push(violationJson(v)) }, NO_OBSERVER);
  for (const record of records) judge.feed(record);
  return { lines, judge, difference: policies.difference() };
}

test('with the files of then, a replay over reloads gives the live findings byte for byte', async () => {
  const { made, announced, config } = await reloader(OFF, [MILD, '']);
  await made.reload();
  await made.reload();
  const records = scenario(stream([config.judge.id, ...announced]));
  const live: string[] = [];
  const policy = policyFor(config.judge);
  const judge = new Judge(
    { policy, policyOf: made.policyOf, onViolation: (v) => live.push(violationJson(v)) },
    NO_OBSERVER,
  );
  for (const record of records) judge.feed(record);
  assert.deepEqual(mmio(live), ['dev2 info', 'dev3 critical']);

  const [off, mild, plain] = [(await read(OFF)).judge, (await read(MILD)).judge, (await read('')).judge];
  // The order in which the files are given does not matter once the trace has named one.
  for (const order of [
    [off, mild, plain],
    [plain, mild, off],
  ] as const) {
    const again = replay(records, ...order);
    assert.deepEqual(again.lines, live);
    assert.equal(again.difference, undefined);
  }
  const one = replay(records, plain);
  assert.deepEqual(mmio(one.lines), ['dev1 critical', 'dev2 critical', 'dev3 critical']);
  assert.match(one.difference ?? '', new RegExp(`recorded under policy .*judged by ${plain.id}`));
});

test('the record of a policy is no probe, and no rule has an opinion of it', async () => {
  const { lines, judge } = replay(
    scenario('0 probe policy 0123456789abcdef attached required=0'),
    (await read('')).judge,
  );
  assert.equal(judge.world.policy, '0123456789abcdef');
  assert.ok(![...judge.world.probes.keys()].some((key) => key.startsWith('policy')));
  const before = replay(scenario(''), (await read('')).judge);
  assert.deepEqual([lines.length, judge.engine.tallies], [0, before.judge.engine.tallies]);
});

test('a rule that a reload turns on has its counters from then on', () => {
  const off = new Policy({
    profile: 'uapi',
    rules: RULES,
    limits: {} as never,
    overrides: { rules: { 'irq-while-halted': { on: false } } },
  });
  assert.ok(!off.rules.some((r) => r.id === 'irq-while-halted'));
  const judge = new Judge({ policy: off, onViolation: () => {} }, NO_OBSERVER);
  assert.equal(judge.engine.tallies.has('irq-while-halted'), false);
  judge.engine.configure(new Policy({ profile: 'uapi', rules: RULES, limits: {} as never }));
  assert.deepEqual(judge.engine.tallies.get('irq-while-halted'), { kept: 0, broken: 0, unknown: 0 });
});
