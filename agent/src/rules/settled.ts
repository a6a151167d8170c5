// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../model/device.js';
import { isIn, UNKNOWN } from '../model/fsm.js';
import type { KernelEvent } from '../wire/events.gen.js';
import { IN_TRANSITION, OUT_OF_STEP, STATE_UNKNOWN, type Unknown } from './rule.js';

/**
 * Was the device in one of `states` when `e` happened, and had it been for `eps`
 * ns? Answers with an Unknown where the records cannot tell. Leaving a state
 * counts from the entry of SET_STATE, entering from its return.
 */
export function settledIn(
  d: Device | undefined,
  e: KernelEvent,
  states: number,
  eps: number,
  /** False where the record's thread is whoever was interrupted. */
  threadKnown = true,
): boolean | Unknown {
  if (!d) return STATE_UNKNOWN;
  if (d.transition) return IN_TRANSITION;
  if (e.gen !== d.gen) return OUT_OF_STEP;
  if (d.state === UNKNOWN) return STATE_UNKNOWN;
  if (!isIn(d.state, states)) return false;
  const grace = threadKnown && e.tid === d.landedBy ? 0 : eps;
  return e.at - d.landedAt >= grace ? true : IN_TRANSITION;
}
