// SPDX-License-Identifier: Apache-2.0
/** The v2 migration states: names, numbers and classes (uapi/linux/vfio.h, enum vfio_device_mig_state). */

export const State = {
  ERROR: 0,
  STOP: 1,
  RUNNING: 2,
  STOP_COPY: 3,
  RESUMING: 4,
  RUNNING_P2P: 5,
  PRE_COPY: 6,
  PRE_COPY_P2P: 7,
} as const;

/** A device's state has not been seen, or what was seen no longer holds. No rule judges it. */
export const UNKNOWN = -1;

export const STATE_NAMES = [
  'ERROR',
  'STOP',
  'RUNNING',
  'STOP_COPY',
  'RESUMING',
  'RUNNING_P2P',
  'PRE_COPY',
  'PRE_COPY_P2P',
] as const;

/** The uAPI's name; `unknown`, or the number where the user wrote one that has no name. */
export function stateName(state: number): string {
  return STATE_NAMES[state] ?? (state === UNKNOWN ? 'unknown' : String(state));
}

const setOf = (...states: number[]): number => states.reduce((bits, s) => bits | (1 << s), 0);

/** Classes of states as bit sets; see docs/contract.md. */
export const INIT = setOf(State.RUNNING, State.PRE_COPY);
export const QUIET = setOf(State.RUNNING_P2P, State.PRE_COPY_P2P);
export const HALT = setOf(State.STOP, State.STOP_COPY, State.RESUMING);
/** The saving group: one data session lasts through all three. */
export const SAVE = setOf(State.PRE_COPY, State.PRE_COPY_P2P, State.STOP_COPY);

export function isIn(state: number, set: number): boolean {
  return state >= 0 && state < STATE_NAMES.length && ((1 << state) & set) !== 0;
}

/** VFIO_MIGRATION_* bits that a state needs (vfio_main.c, state_flags_table). ERROR can never be asked for. */
export const MIG_STOP_COPY = 1;
export const MIG_P2P = 2;
export const MIG_PRE_COPY = 4;
const NEEDS: readonly number[] = [
  /* ERROR        */ ~0,
  /* STOP         */ MIG_STOP_COPY,
  /* RUNNING      */ MIG_STOP_COPY,
  /* STOP_COPY    */ MIG_STOP_COPY,
  /* RESUMING     */ MIG_STOP_COPY,
  /* RUNNING_P2P  */ MIG_STOP_COPY | MIG_P2P,
  /* PRE_COPY     */ MIG_STOP_COPY | MIG_PRE_COPY,
  /* PRE_COPY_P2P */ MIG_STOP_COPY | MIG_P2P | MIG_PRE_COPY,
];

export type Refusal = 'out-of-range' | 'error-requested' | 'unsupported' | 'blocked' | 'from-error';

/**
 * Why the FSM refuses this request, or undefined if it permits it. An unknown
 * `from` is judged by what does not depend on it.
 */
export function refusal(from: number, requested: number, flags: number): Refusal | undefined {
  const needs = NEEDS[requested];
  if (needs === undefined) return 'out-of-range';
  if (requested === State.ERROR) return 'error-requested';
  if ((flags & needs) !== needs) return 'unsupported';
  if (from === State.ERROR) return 'from-error';
  if (from === State.STOP_COPY && (requested === State.PRE_COPY || requested === State.PRE_COPY_P2P))
    return 'blocked';
  return undefined;
}

/** The names of a migration_flags word, as label values have them. */
export function flagNames(flags: number): string {
  const names = [];
  if (flags & MIG_STOP_COPY) names.push('stop-copy');
  if (flags & MIG_P2P) names.push('p2p');
  if (flags & MIG_PRE_COPY) names.push('pre-copy');
  return names.join(',') || 'none';
}
