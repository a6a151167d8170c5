// SPDX-License-Identifier: Apache-2.0
/** A device lands in a state: the return of a SET_STATE, or of a write to a v1 device_state. */
import type { Device } from '../model/device.js';
import { UNKNOWN } from '../model/fsm.js';
import { movedState, setsState, v1State } from '../model/v1.js';
import type { MigSetRetEvent, V1AccessEvent } from '../wire/events.gen.js';

export interface Arrival {
  /** Where it has landed. */
  readonly to: number;
  /** Where it was before; UNKNOWN where that cannot be told. */
  readonly from: number;
  /** When it began to leave, relative ns; of v1 that is not recorded: when it had landed. */
  readonly left: number;
}

/** Undefined if the event is no landing. */
export function arrival(e: MigSetRetEvent | V1AccessEvent, d: Device): Arrival | undefined {
  if (e.kind === 'v1_access') {
    const to = setsState(e) && movedState(e) ? v1State(e.value) : UNKNOWN;
    return to === UNKNOWN ? undefined : { to, from: d.state, left: e.at };
  }
  if (e.ret < 0 || e.miss & 1) return undefined;
  const t = d.transition;
  return { to: e.requested, from: t && !t.disturbed ? t.from : UNKNOWN, left: t?.at ?? e.at };
}
