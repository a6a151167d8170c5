// SPDX-License-Identifier: Apache-2.0
/** What was found is saved with what led to it; live and replayed it has the same name. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type CaptureLimits, CapturePolicy, limitsText, parseLimits } from '../../src/capture_policy.js';
import { violationJson } from '../../src/export/violation_json.js';
import { Judge } from '../../src/judge.js';
import { NO_OBSERVER } from '../../src/model/world.js';
import { Recording } from '../../src/recording.js';
import type { Violation } from '../../src/rules/finding.js';
import { RULES } from '../../src/rules/index.js';
import { DEFAULT_LIMITS } from '../../src/rules/limits.js';
import { Policy } from '../../src/rules/policy.js';
import { timeOf } from '../../src/trace/records.js';
import { EvType, RECORD_SIZES } from '../../src/wire/events.gen.js';
import { judgeBatches } from '../run.js';
import { scenario } from '../scenario.js';
import { folder, MIB, read } from './recorded.js';

const LIMITS: CaptureLimits = { post: 10, cap: 60, every: 300 };
const S = 1_000_000_000n;

/** As `run` does with the records of a scenario, batch by batch. */
async function live(dir: string, text: string, memoryBytes = 64 * MIB) {
  const lines: string[] = [];
  const captures = new CapturePolicy(LIMITS);
  let recording: Recording | undefined;
  const onViolation = (v: Violation) => lines.push(violationJson(v, recording?.capture(v)));
  const policy = new Policy({ rules: RULES, profile: 'uapi', limits: DEFAULT_LIMITS });
  const judge = new Judge({ policy, onViolation }, NO_OBSERVER);
  const trace = { dir, packetBytes: MIB, segmentBytes: MIB, segmentMs: 1e9, budgetBytes: 1e9, freeBytes: 0 };
  const config = { trace, flight: { dir, memoryBytes, pre: 30, ...LIMITS } };
  recording = await Recording.open(config, captures, judge.world, [], () => {});
  const records = scenario(text);
  for (const record of records) {
    recording?.write(record);
    judge.feed(record);
  }
  await recording?.close();
  return { lines, records, captures, names: readdirSync(dir).filter((name) => name.startsWith('capture-')) };
}

function ticksIn(records: Buffer): number {
  let n = 0;
  for (let at = 0; at < records.length; ) {
    const type = records.readUInt32LE(at + 8);
    if (type === EvType.TICK) n++;
    at += RECORD_SIZES[type] ?? records.length;
  }
  return n;
}

/** Ticks for so many seconds from a time on. */
const ticks = (from: number, seconds: number) =>
  Array.from({ length: seconds }, (_, n) => `${from + n}s tick`).join('\n');

const TOUCHED = `
  0 dev1 opened pci mlx5_vfio_pci
  ${ticks(1, 99)}
  100s dev1 set STOP
  101s dev1 region write bar0+0x10 4
  ${ticks(102, 30)}`;

test('a finding is saved with its pre-roll, its post-roll and what was known before', async (t) => {
  const dir = folder(t);
  const { lines, names, records } = await live(dir, TOUCHED);
  const [name = ''] = names;
  assert.match(name, /^capture-\d{8}T\d{6}\.\d{3}Z-dev1-mmio-rw-while-halted$/);
  assert.equal(names.length, 1);
  const capture = await read(join(dir, name));
  assert.deepEqual(capture.damages, []);
  const { violations, judge } = judgeBatches(capture.batches);
  assert.deepEqual(
    violations.map((v) => v.rule),
    ['mmio-rw-while-halted'],
  );
  const found = JSON.parse(lines.at(-1) ?? '') as { capture: string; at_ns: number };
  assert.equal(found.capture, name);
  // The device was opened long before the pre-roll: only the preamble can know it.
  assert.equal(judge.world.devices.get(1)?.openSeen, true);
  const last = timeOf(records[records.length - 1] ?? new Uint8Array(8));
  const end = judge.world.base + BigInt(judge.world.now);
  assert.ok(end < last && end >= BigInt(found.at_ns) + 9n * S, 'the post-roll is ten seconds');
  // One a second: the pre-roll, at most ten seconds of the chunk it begins in, and the post-roll.
  const seconds = ticksIn(capture.bytes);
  assert.ok(seconds >= 39 && seconds <= 51, `${seconds} s`);
});

test('replay names the same captures', async (t) => {
  const dir = folder(t);
  const again = `${TOUCHED}
    132s dev1 set STOP_COPY
    133s dev1 region write bar0+0x10 4
    134s dev1 set STOP
    135s dev1 irqs MSIX count=4
    200s dev1 closed`;
  const { lines, captures } = await live(dir, again);
  const path = join(dir, readdirSync(dir).find((name) => name.startsWith('migwatch-')) ?? '');
  const { batches, source } = await read(path);
  const policy = new CapturePolicy(parseLimits(source.origin.env.flight));
  const replayed = judgeBatches(batches).violations.map((v) => violationJson(v, policy.of(v)?.id));
  assert.deepEqual(replayed, lines);
  assert.equal(policy.suppressed, captures.suppressed);
});

test('a flood does not push the preamble out of what can be saved', async (t) => {
  const dir = folder(t);
  const flood = Array.from({ length: 60_000 }, (_, n) => `${100_000 + n / 10}ms dev1 get STOP`).join('\n');
  const text = `0 dev1 opened pci x\n1s dev1 set STOP\n2s tick\n3s tick\n4s tick\n${flood}\n107s dev1 region write bar0+0 4\n120s tick`;
  const { names } = await live(dir, text, 2 * MIB);
  const capture = await read(join(dir, names[0] ?? ''));
  assert.ok(capture.bytes.length < 4 * MIB);
  const { violations } = judgeBatches(capture.batches);
  assert.ok(violations.some((v) => v.rule === 'mmio-rw-while-halted'));
});

const finding = (rule: string, device: string, seconds: number, severity = 'warning') =>
  ({ rule, device, severity, at_ns: seconds * 1e9, wall: '' }) as Violation;

test('one capture at a time; findings in it extend it, up to its cap', () => {
  const policy = new CapturePolicy(LIMITS);
  const first = policy.of(finding('a', 'dev1', 100));
  assert.equal(first?.until, 110n * S);
  for (let at = 105; at < 160; at += 5)
    assert.equal(policy.of(finding('b', 'dev2', at, 'info'))?.id, first?.id);
  assert.equal(policy.of(finding('b', 'dev2', 159))?.until, 160n * S);
  assert.notEqual(policy.of(finding('b', 'dev2', 161))?.id, first?.id);
});

test('a rule and device are captured once in a while, and the rest is counted', () => {
  const policy = new CapturePolicy(LIMITS);
  assert.ok(policy.of(finding('a', 'dev1', 100)));
  assert.equal(policy.of(finding('a', 'dev1', 200)), undefined);
  assert.ok(policy.of(finding('a', 'dev2', 201)), 'another device');
  assert.ok(policy.of(finding('a', 'dev1', 401)), 'later');
  assert.deepEqual([policy.made, policy.suppressed], [3, 1]);
});

test('what is normal begins no capture, nor does anything where none are made', () => {
  assert.equal(new CapturePolicy(LIMITS).of(finding('a', 'dev1', 1, 'info')), undefined);
  assert.equal(new CapturePolicy(undefined).of(finding('a', 'dev1', 1)), undefined);
});

test('limits are read as they are written, and from nothing else', () => {
  assert.deepEqual(parseLimits(limitsText(LIMITS)), LIMITS);
  for (const text of [undefined, '', 'post=1', 'post=-1 cap=1 every=1', 'post=1 cap=1 every=99999999999'])
    assert.equal(parseLimits(text), undefined);
});
