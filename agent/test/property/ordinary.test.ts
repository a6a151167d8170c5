// SPDX-License-Identifier: Apache-2.0
/** What rules declare of ordinary events is what they answer when they are asked about each; the world is the same, too. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RULES } from '../../src/rules/index.js';
import type { Rule } from '../../src/rules/rule.js';
import { judgeBatches } from '../run.js';
import { scenario } from '../scenario.js';
import { FEATURES } from './flags.js';
import { sequences } from './records.js';
import { LIMITS, RUN } from './settings.js';
import { Walk } from './walk.js';

/** Every rule, each counting how often it is asked. */
function counted(rules: readonly Rule[]) {
  const counts = { asked: 0 };
  const all = rules.map((rule) => ({
    ...rule,
    judge: (...about: Parameters<Rule['judge']>) => {
      counts.asked++;
      return rule.judge(...about);
    },
  }));
  return { counts, rules: all };
}

/** Judges the records; how often rules were asked, and all that came of it. */
function outcome(records: readonly Uint8Array[], from: readonly Rule[]) {
  const { counts, rules } = counted(from);
  const { judge, violations } = judgeBatches(records, { rules, limits: LIMITS });
  const found = [...judge.engine.findings].map(([key, { count, lastAt }]) => ({ key, count, lastAt }));
  const { world, engine } = judge;
  const devices = [...world.devices.values()].map((d) => [d.id, d.state, d.gen, d.lastTouchAt, d.counts]);
  const known = [world.now, world.unattributed, devices, [...world.sessions.values()]];
  return { asked: counts.asked, verdicts: JSON.stringify([[...engine.tallies], violations, found, known]) };
}

const ASKED_ALWAYS = RULES.map((rule) => ({ ...rule, ordinarily: {} }));
let spared = 0;

function compare(records: readonly Uint8Array[]): void {
  const [declared, asked] = [outcome(records, RULES), outcome(records, ASKED_ALWAYS)];
  assert.equal(declared.verdicts, asked.verdicts);
  spared += asked.asked - declared.asked;
}

test('of legal walks', () => {
  spared = 0;
  const walks = fc.record({
    flags: fc.constantFrom(...FEATURES),
    count: fc.integer({ min: 1, max: 3 }),
    choices: fc.array(fc.nat(1 << 20), { maxLength: 150, size: 'max' }),
  });
  fc.assert(
    fc.property(walks, ({ flags, count, choices }) => {
      const walk = new Walk(flags, count, choices);
      walk.run();
      walk.end();
      compare(scenario(walk.text));
    }),
    RUN,
  );
  assert.ok(spared > 0, 'the walks had ordinary events');
});

test('of any records', () => {
  fc.assert(fc.property(sequences, compare), RUN);
});
