// SPDX-License-Identifier: Apache-2.0
/** The model's refusals and the scenarios' arcs against what the kernel itself answered; see lab/cases/fsm.py. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusal, State, stateName } from '../../src/model/fsm.js';
import { nextState } from '../arcs.js';
import { KERNEL_FSM } from '../fsm.gen.js';

const EVERY_FLAG = 0xffffffff;

interface Answer {
  readonly flags: number;
  readonly cur: number;
  readonly requested: number;
  /** A state's number, `-` refused, `?` not asked. */
  readonly next: string;
}

function answers(): Answer[] {
  return KERNEL_FSM.trim()
    .split('\n')
    .flatMap((line) => {
      const [flags, cur, ...cells] = line.split(' ');
      return cells.map((next, requested) => ({ flags: Number(flags), cur: Number(cur), requested, next }));
    });
}

const question = ({ flags, cur, requested }: Answer) =>
  `flags ${flags}: ${stateName(cur)} to ${stateName(requested)}`;

test('the kernel was asked about every state that each combination of features has', () => {
  const rows = answers().filter((a) => a.requested === 0);
  const asked = (flags: number) => rows.filter((a) => a.flags === flags).map((a) => a.cur);
  const { STOP, RUNNING, STOP_COPY, RESUMING, RUNNING_P2P, PRE_COPY, PRE_COPY_P2P } = State;
  const basic = [STOP, RUNNING, STOP_COPY, RESUMING];
  assert.deepEqual(asked(1), basic);
  assert.deepEqual(asked(3), [...basic, RUNNING_P2P]);
  assert.deepEqual(asked(5), [...basic, PRE_COPY]);
  assert.deepEqual(asked(7), [...basic, RUNNING_P2P, PRE_COPY, PRE_COPY_P2P]);
  assert.deepEqual(asked(EVERY_FLAG), [State.ERROR, ...asked(7)]);
});

test('each step of the scenarios is the kernel’s', () => {
  for (const answer of answers()) {
    const next = nextState(answer.cur, answer.requested, answer.flags);
    if (answer.next === '?') assert.equal(next, 'blocked', question(answer));
    else assert.equal(typeof next === 'number' ? String(next) : '-', answer.next, question(answer));
  }
});

test('the model refuses what the kernel refuses, and nothing else', () => {
  for (const answer of answers()) {
    if (answer.flags === EVERY_FLAG) continue; // no device has them: they show the core's bare table
    const why = refusal(answer.cur, answer.requested, answer.flags);
    if (answer.next === '?') assert.equal(why, 'blocked', question(answer));
    else assert.equal(why !== undefined, answer.next === '-', question(answer));
  }
});

test('what the kernel would never answer is an error in its table', () => {
  const bare = answers().filter((a) => a.flags === EVERY_FLAG);
  for (const { cur, requested } of answers().filter((a) => a.next === '?'))
    assert.equal(bare.find((a) => a.cur === cur && a.requested === requested)?.next, '-');
});
