// SPDX-License-Identifier: Apache-2.0
/** Whatever the records hold: nothing throws, the counts add up, and where a batch is cut changes nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatEvent } from '../../src/export/timeline.js';
import { Judge } from '../../src/judge.js';
import { NO_OBSERVER } from '../../src/model/world.js';
import type { Violation } from '../../src/rules/finding.js';
import { RULES } from '../../src/rules/index.js';
import { DEFAULT_LIMITS } from '../../src/rules/limits.js';
import { Policy } from '../../src/rules/policy.js';
import { sequences } from './records.js';
import { RUN } from './settings.js';

interface Outcome {
  /** As the violations file has them. */
  readonly lines: readonly string[];
  readonly tallies: string;
  readonly events: number;
}

const policy = new Policy({
  profile: 'uapi',
  rules: RULES,
  limits: DEFAULT_LIMITS,
  overrides: {},
  devices: [],
});

/** Judges the batches, and holds the counts to what was reported on the way. */
function outcome(batches: readonly Uint8Array[]): Outcome {
  const lines: string[] = [];
  const reported = new Map<string, number>();
  const judge = new Judge(
    {
      policy,
      onViolation: (v: Violation) => lines.push(JSON.stringify(v)),
      onBroken: ({ id }) => reported.set(id, (reported.get(id) ?? 0) + 1),
    },
    NO_OBSERVER,
  );
  for (const batch of batches)
    judge.feed(batch, (e) => assert.equal(typeof formatEvent(e, judge.world), 'string'));
  const { tallies, findings } = judge.engine;
  assert.equal(judge.undecodable, 0);
  assert.equal(findings.size, lines.length);
  for (const [id, tally] of tallies) {
    for (const n of [tally.kept, tally.broken, tally.unknown]) assert.ok(Number.isSafeInteger(n) && n >= 0);
    const again = [...findings.values()].filter((f) => f.violation.rule === id);
    const count = again.reduce((sum, f) => sum + f.count, 0);
    assert.equal(
      count,
      reported.get(id) ?? 0,
      `${id}: findings with their repetitions, and verdicts reported`,
    );
    // A verdict that gives way to another rule's is counted, and not reported.
    assert.ok(count <= tally.broken, `${id}: ${count} reported, ${tally.broken} broken`);
  }
  return { lines, tallies: JSON.stringify([...tallies]), events: judge.events };
}

/** The records in batches that end where `cuts` says. */
function batches(records: readonly Uint8Array[], cuts: readonly number[]): Uint8Array[] {
  const ends = [...new Set(cuts.map((c) => c % records.length)), records.length].sort((a, b) => a - b);
  return ends.map((end, n) => Buffer.concat(records.slice(ends[n - 1] ?? 0, end)));
}

test('any records are judged without a throw, alike in batches of any size', () => {
  fc.assert(
    fc.property(sequences, fc.array(fc.nat(500), { maxLength: 10 }), (records, cuts) => {
      const whole = outcome([Buffer.concat(records)]);
      assert.equal(whole.events, records.length);
      assert.deepEqual(outcome(records), whole);
      assert.deepEqual(outcome(batches(records, cuts)), whole);
    }),
    RUN,
  );
});

test('a batch may be any bytes', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 400, size: 'max' }), { maxLength: 5 }), (all) => {
      const judge = new Judge({ policy, onViolation: () => {} }, NO_OBSERVER);
      for (const bytes of all) judge.feed(bytes);
      assert.ok(judge.undecodable <= all.reduce((sum, bytes) => sum + bytes.length, 0));
    }),
    RUN,
  );
});
