// SPDX-License-Identifier: Apache-2.0
/** The path helper of the scenarios against every request of the FSM, and the model's own refusals. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flagNames, MIG_P2P, MIG_PRE_COPY, MIG_STOP_COPY, refusal, State } from '../../src/model/fsm.js';
import { path } from '../arcs.js';

/** SC, SC+P2P, SC+PC, SC+P2P+PC; `u` unsupported, `-` no such present state. */
const PATHS = `
  R  Rq | u       | R Rq     | u       | R Rq
  R  P  | u       | u        | R P     | R P
  R  Pq | u       | u        | u       | R Rq Pq
  R  S  | R S     | R Rq S   | R S     | R Rq S
  R  C  | R S C   | R Rq S C | R S C   | R Rq S C
  R  L  | R S L   | R Rq S L | R S L   | R Rq S L
  Rq R  | -       | Rq R     | -       | Rq R
  Rq P  | -       | u        | -       | Rq R P
  Rq Pq | -       | u        | -       | Rq Pq
  Rq S  | -       | Rq S     | -       | Rq S
  Rq C  | -       | Rq S C   | -       | Rq S C
  Rq L  | -       | Rq S L   | -       | Rq S L
  P  R  | -       | -        | P R     | P R
  P  Rq | -       | -        | u       | P R Rq
  P  Pq | -       | -        | u       | P Pq
  P  S  | -       | -        | P R S   | P R Rq S
  P  C  | -       | -        | P C     | P Pq C
  P  L  | -       | -        | P R S L | P R Rq S L
  Pq R  | -       | -        | -       | Pq Rq R
  Pq Rq | -       | -        | -       | Pq Rq
  Pq P  | -       | -        | -       | Pq P
  Pq S  | -       | -        | -       | Pq Rq S
  Pq C  | -       | -        | -       | Pq C
  Pq L  | -       | -        | -       | Pq Rq S L
  S  R  | S R     | S Rq R   | S R     | S Rq R
  S  Rq | u       | S Rq     | u       | S Rq
  S  P  | u       | u        | S R P   | S Rq R P
  S  Pq | u       | u        | u       | S Rq Pq
  S  C  | S C     | S C      | S C     | S C
  S  L  | S L     | S L      | S L     | S L
  C  R  | C S R   | C S Rq R | C S R   | C S Rq R
  C  Rq | u       | C S Rq   | u       | C S Rq
  C  P  | u       | u        | blocked | blocked
  C  Pq | u       | u        | u       | blocked
  C  S  | C S     | C S      | C S     | C S
  C  L  | C S L   | C S L    | C S L   | C S L
  L  R  | L S R   | L S Rq R | L S R   | L S Rq R
  L  Rq | u       | L S Rq   | u       | L S Rq
  L  P  | u       | u        | L S R P | L S Rq R P
  L  Pq | u       | u        | u       | L S Rq Pq
  L  S  | L S     | L S      | L S     | L S
  L  C  | L S C   | L S C    | L S C   | L S C`;

const FLAGS = [
  MIG_STOP_COPY,
  MIG_STOP_COPY | MIG_P2P,
  MIG_STOP_COPY | MIG_PRE_COPY,
  MIG_STOP_COPY | MIG_P2P | MIG_PRE_COPY,
];

const NUMBER: Record<string, number> = {
  S: State.STOP,
  R: State.RUNNING,
  C: State.STOP_COPY,
  L: State.RESUMING,
  Rq: State.RUNNING_P2P,
  P: State.PRE_COPY,
  Pq: State.PRE_COPY_P2P,
};
const LETTER = Object.fromEntries(Object.entries(NUMBER).map(([letter, n]) => [n, letter]));

const written = (steps: number[] | string): string =>
  typeof steps === 'string'
    ? steps.replace('unsupported', 'u')
    : steps.map((state) => LETTER[state]).join(' ');

interface Row {
  readonly cur: string;
  readonly requested: string;
  readonly cells: readonly string[];
}

function rows(): Row[] {
  return PATHS.trim()
    .split('\n')
    .map((line) => {
      const [request = '', ...cells] = line.split('|').map((cell) => cell.trim());
      const [cur = '', requested = ''] = request.split(/\s+/);
      return { cur, requested, cells };
    });
}

test('every request of every device takes the arcs of the FSM', () => {
  assert.equal(rows().length, 42);
  for (const { cur, requested, cells } of rows())
    cells.forEach((cell, n) => {
      if (cell === '-') return;
      const steps = path(NUMBER[cur] ?? -1, NUMBER[requested] ?? -1, FLAGS[n] ?? 0);
      assert.equal(written(steps), cell, `${cur} to ${requested}, flags ${FLAGS[n]}`);
    });
});

test('the model refuses what the FSM refuses, and nothing else', () => {
  for (const { cur, requested, cells } of rows())
    cells.forEach((cell, n) => {
      if (cell === '-') return;
      const why = refusal(NUMBER[cur] ?? -1, NUMBER[requested] ?? -1, FLAGS[n] ?? 0);
      const expected = cell === 'u' ? 'unsupported' : cell === 'blocked' ? 'blocked' : undefined;
      assert.equal(why, expected, `${cur} to ${requested}, flags ${FLAGS[n]}`);
    });
});

test('a request for the present state takes no arc and is not refused', () => {
  for (const state of Object.values(NUMBER)) {
    assert.deepEqual(path(state, state, 7), [state]);
    assert.equal(refusal(state, state, 7), undefined);
  }
});

test('ERROR can neither be asked for nor left, and numbers beyond the enum are out of range', () => {
  assert.equal(refusal(State.RUNNING, State.ERROR, 7), 'error-requested');
  assert.equal(refusal(State.ERROR, State.RUNNING, 7), 'from-error');
  assert.equal(refusal(State.RUNNING, 8, 7), 'out-of-range');
  assert.equal(refusal(State.RUNNING, 0xffffffff, 7), 'out-of-range');
  assert.equal(path(State.ERROR, State.RUNNING, 7), 'unsupported');
});

test('flags have the names of the label', () => {
  assert.deepEqual([0, 1, 3, 5, 7].map(flagNames), [
    'none',
    'stop-copy',
    'stop-copy,p2p',
    'stop-copy,pre-copy',
    'stop-copy,p2p,pre-copy',
  ]);
});
