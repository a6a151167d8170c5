// SPDX-License-Identifier: Apache-2.0
/**
 * The arcs that a request takes, as vfio_mig_get_next_state() answers them one by
 * one: the table names the next state of a device with every feature, and states
 * that this device lacks are skipped by asking again from there.
 */
import { MIG_P2P, MIG_PRE_COPY, MIG_STOP_COPY, STATE_NAMES, State } from '../src/model/fsm.js';

export type StateName = (typeof STATE_NAMES)[number];

/** First step from a state (row) towards a state (column); E is no step at all. */
const TABLE = `
               ERROR STOP RUNNING STOP_COPY RESUMING RUNNING_P2P PRE_COPY PRE_COPY_P2P
  ERROR            E    E       E         E        E           E        E            E
  STOP             E    S      Rq         C        L          Rq       Rq           Rq
  RUNNING          E   Rq       R        Rq       Rq          Rq        P           Rq
  STOP_COPY        E    S       S         C        S           S        E            E
  RESUMING         E    S       S         S        L           S        S            S
  RUNNING_P2P      E    S       R         S        S          Rq        R           Pq
  PRE_COPY         E    R       R        Pq        R           R        P           Pq
  PRE_COPY_P2P     E   Rq      Rq         C       Rq          Rq        P           Pq`;

const SHORT: Record<string, number> = {
  E: State.ERROR,
  S: State.STOP,
  R: State.RUNNING,
  C: State.STOP_COPY,
  L: State.RESUMING,
  Rq: State.RUNNING_P2P,
  P: State.PRE_COPY,
  Pq: State.PRE_COPY_P2P,
};

const NEXT: readonly (readonly number[])[] = TABLE.trim()
  .split('\n')
  .slice(1)
  .map((row) => row.trim().split(/\s+/).slice(1))
  .map((row) => row.map((name) => SHORT[name] ?? State.ERROR));

const NEEDS: readonly number[] = STATE_NAMES.map((name) => {
  if (name === 'ERROR') return ~0;
  const p2p = name.endsWith('P2P') ? MIG_P2P : 0;
  return MIG_STOP_COPY | p2p | (name.startsWith('PRE_COPY') ? MIG_PRE_COPY : 0);
});

const supported = (state: number, flags: number): boolean => {
  const needs = NEEDS[state];
  return needs !== undefined && (flags & needs) === needs;
};

/** One answer: the next state, or a refusal. An unfixed kernel never answers where this says `blocked`. */
export function nextState(cur: number, requested: number, flags: number): number | 'unsupported' | 'blocked' {
  if (!supported(cur, flags) || !supported(requested, flags)) return 'unsupported';
  let next: number = NEXT[cur]?.[requested] ?? State.ERROR;
  while (next !== State.ERROR && !supported(next, flags)) next = NEXT[next]?.[requested] ?? State.ERROR;
  return next === State.ERROR ? 'blocked' : next;
}

/** The whole path, the present state first. */
export function path(cur: number, requested: number, flags: number): number[] | 'unsupported' | 'blocked' {
  const states = [cur];
  for (let at = cur; at !== requested; ) {
    const next = nextState(at, requested, flags);
    if (typeof next !== 'number') return next;
    states.push(next);
    at = next;
  }
  return states;
}
