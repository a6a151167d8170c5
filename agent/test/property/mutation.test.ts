// SPDX-License-Identifier: Apache-2.0
/** One illegal act after a legal walk breaks the rule that it is about, and no other but those that go with it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MIG_P2P, MIG_PRE_COPY, State, stateName } from '../../src/model/fsm.js';
import { judged } from '../run.js';
import { FEATURES } from './flags.js';
import { MORE_MUTATIONS } from './more_mutations.js';
import { MUTATIONS, type Mutation } from './mutations.js';
import { LIMITS, RUN } from './settings.js';
import { Walk } from './walk.js';

/** Long enough for every grace, and for what earlier acts would excuse. */
const SETTLED = 6_000_000;

const runs = Math.ceil(RUN.numRuns / 20);

function fits(m: Mutation, flags: number, count: number): boolean {
  const needs = m.needs ?? 0;
  const lacks = m.lacks ?? 0;
  return (flags & needs) === needs && !(flags & lacks) && count >= (m.devices ?? 1);
}

function walks(m: Mutation) {
  const least = m.devices ?? 1;
  const inState = { [State.PRE_COPY]: MIG_PRE_COPY, [State.RUNNING_P2P]: MIG_P2P }[m.in] ?? 0;
  return fc.record({
    flags: fc.constantFrom(...FEATURES.filter((f) => fits(m, f, least) && (f & inState) === inState)),
    count: fc.integer({ min: least, max: 3 }),
    choices: fc.array(fc.nat(1 << 20), { maxLength: 40, size: 'max' }),
  });
}

function alarms(text: string): string[] {
  const { violations } = judged(text, { limits: LIMITS });
  return violations.filter((v) => v.severity !== 'info').map((v) => v.rule);
}

for (const m of [...MUTATIONS, ...MORE_MUTATIONS])
  test(`${m.breaks.join(', ')}: ${m.what} in ${stateName(m.in)}`, () => {
    fc.assert(
      fc.property(walks(m), ({ flags, count, choices }) => {
        const walk = new Walk(flags, count, choices);
        walk.run();
        walk.reach(m.in, m.reachable);
        walk.wait(SETTLED);
        m.act(walk);
        assert.deepEqual([...new Set(alarms(walk.text))].sort(), [...m.breaks].sort(), `\n${walk.text}`);
      }),
      { ...RUN, numRuns: runs },
    );
  });
