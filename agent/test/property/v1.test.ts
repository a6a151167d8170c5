// SPDX-License-Identifier: Apache-2.0
/** The v1 protocol: legal walks raise nothing above info, one illegal act breaks the rule that it is about. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { State, stateName } from '../../src/model/fsm.js';
import { judged } from '../run.js';
import { LIMITS, RUN } from './settings.js';
import { V1_STATES, V1Walk } from './v1_walk.js';

/** Long enough for every grace. */
const SETTLED = 6_000_000;

const choices = fc.array(fc.nat(1 << 20), { maxLength: 60, size: 'max' });

function alarms(text: string): string[] {
  const { violations, judge } = judged(text, { limits: LIMITS });
  assert.equal(judge.undecodable, 0);
  return [...new Set(violations.filter((v) => v.severity !== 'info').map((v) => v.rule))].sort();
}

test('v1: legal walks raise no alarm', () => {
  const visited = new Set<number>();
  fc.assert(
    fc.property(choices, (drawn) => {
      const walk = new V1Walk(drawn);
      walk.run();
      visited.add(walk.state);
      walk.end();
      assert.deepEqual(alarms(walk.text), [], `\n${walk.text}`);
    }),
    RUN,
  );
  assert.deepEqual([...visited].sort(), V1_STATES.sort());
});

interface Mutation {
  readonly what: string;
  readonly in: number;
  readonly breaks: readonly string[];
  readonly acts: (w: V1Walk) => readonly string[];
}

const saving = ['v1 read pending 9', 'v1 read offset 4096', 'v1 read size 9'];

const MUTATIONS: readonly Mutation[] = [
  {
    what: '_RESUMING and _RUNNING are asked for together',
    in: State.RUNNING,
    breaks: ['v1-invalid-state-bits'],
    acts: () => ['v1 write state 5 -> -EINVAL'],
  },
  {
    what: 'what only the driver may report is written',
    in: State.RUNNING,
    breaks: ['v1-invalid-state-bits'],
    acts: () => ['v1 write state 6 -> -EINVAL'],
  },
  {
    what: 'a reserved bit is changed',
    in: State.RUNNING,
    breaks: ['v1-invalid-state-bits'],
    acts: (w) => [`v1 write state ${w.word(State.PRE_COPY) ^ 0x80}`],
  },
  {
    what: 'a byte of device_state is written',
    in: State.RUNNING,
    breaks: ['v1-invalid-state-bits'],
    acts: (w) => [`v1 write state ${w.word(State.RUNNING)} of=1`],
  },
  {
    what: 'data_offset is read before pending_bytes',
    in: State.STOP_COPY,
    breaks: ['v1-data-protocol-order'],
    acts: () => ['v1 read offset 4096'],
  },
  {
    what: 'a part of the buffer is left',
    in: State.PRE_COPY,
    breaks: ['v1-data-protocol-order'],
    acts: () => [...saving, 'v1 read data 8', 'v1 read pending 0'],
  },
  {
    what: 'left with bytes pending',
    in: State.STOP_COPY,
    breaks: ['v1-data-protocol-order'],
    acts: (w) => ['v1 read pending 9', `v1 write state ${w.word(State.STOP)}`],
  },
  {
    what: 'data_size is written before the data',
    in: State.RESUMING,
    breaks: ['v1-data-protocol-order'],
    acts: () => ['v1 read offset 4096', 'v1 write size 9'],
  },
  {
    what: 'left for RUNNING with nothing loaded',
    in: State.RESUMING,
    breaks: ['resume-without-data'],
    acts: (w) => [`v1 write state ${w.word(State.RUNNING)}`],
  },
  {
    what: 'a BAR is written',
    in: State.STOP_COPY,
    breaks: ['mmio-rw-while-halted'],
    acts: () => ['region write bar0+0 4'],
  },
  {
    what: 'the data window is read',
    in: State.RUNNING,
    breaks: ['data-fd-wrong-state'],
    acts: () => ['v1 read data 9'],
  },
];

for (const m of MUTATIONS)
  test(`v1: ${m.breaks.join(', ')}: ${m.what} in ${stateName(m.in)}`, () => {
    fc.assert(
      fc.property(choices, (drawn) => {
        const walk = new V1Walk(drawn);
        walk.run();
        walk.reach(m.in);
        walk.wait(SETTLED);
        for (const act of m.acts(walk)) walk.say(act);
        assert.deepEqual(alarms(walk.text), [...m.breaks], `\n${walk.text}`);
      }),
      { ...RUN, numRuns: Math.ceil(RUN.numRuns / 20) },
    );
  });
