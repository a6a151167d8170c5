// SPDX-License-Identifier: Apache-2.0
/** The driver's own word on the state of its device: GET, a v1 device_state, and the state in which a SET_STATE begins. */
import type { Device, Failure, HowStateKnown } from '../model/device.js';
import { UNKNOWN } from '../model/fsm.js';
import { movedState, v1State } from '../model/v1.js';
import type { MigArcEvent, MigGetEvent, V1AccessEvent } from '../wire/events.gen.js';

export interface Sighting {
  /** What the driver says. */
  readonly seen: number;
  /** What the records said until then; UNKNOWN where they did not. */
  readonly tracked: number;
  readonly how: HowStateKnown;
  /** How long the tracked state had been known, ns. */
  readonly age: number;
  /** The failed SET_STATE that nothing but this has followed. */
  readonly after: Failure | undefined;
}

/** Undefined where the record tells nothing certain about the time before it. */
export function sighting(e: MigArcEvent | MigGetEvent | V1AccessEvent, d: Device): Sighting | undefined {
  const t = d.transition;
  if (e.kind === 'v1_access') {
    if (!movedState(e) || e.write || e.gen !== d.gen) return undefined;
    return {
      seen: v1State(e.value),
      tracked: d.state,
      how: d.how,
      age: e.at - d.landedAt,
      after: d.failure,
    };
  }
  if (e.kind === 'mig_get') {
    if (e.ret !== 0 || e.miss || t || e.gen !== d.gen) return undefined;
    return { seen: e.state, tracked: d.state, how: d.how, age: e.at - d.landedAt, after: d.failure };
  }
  if (!t || t.disturbed || t.refused || t.arcs.length > 0) return undefined;
  const tracked = t.from === d.state ? t.from : UNKNOWN;
  return { seen: e.cur, tracked, how: d.how, age: t.at - d.landedAt, after: t.after };
}
