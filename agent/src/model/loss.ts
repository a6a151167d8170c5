// SPDX-License-Identifier: Apache-2.0
/** What was lost, and what may have been: the world's own idea of how far it can be trusted. */
import {
  type EventKind,
  EvType,
  type KernelEvent,
  type LostEvent,
  RECORD_SIZES,
  RingValue,
  TAG,
  type V1AccessEvent,
} from '../wire/events.gen.js';
import type { Device } from './device.js';
import { UNKNOWN } from './fsm.js';
import { setsState } from './v1.js';
import type { World } from './world.js';

/**
 * A loss is counted some time after it happened, and its record stands before the
 * batch in which it may have happened. The second tick after it is surely later.
 */
const TICKS_UNTIL_PAST = 2;

export function lost(w: World, _d: Device | undefined, e: LostEvent): void {
  const known = e.ring < w.lost.length;
  // What a trace calls a ring that there is not may have held anything.
  for (let ring = 0; ring < w.lost.length; ring++) {
    if (known && ring !== e.ring) continue;
    w.lost[ring] = (w.lost[ring] ?? 0) + e.count;
    w.openLoss[ring] = (w.openLoss[ring] ?? 0) + e.count;
    w.openLossTicks[ring] = TICKS_UNTIL_PAST;
  }
  for (const d of w.devices.values()) if (d.episode) d.episode.lost += e.count;
  const bulk = !known || e.ring === RingValue.BULK;
  if (bulk) for (const s of w.sessions.values()) s.lossy = true;
  // The data of a v1 device goes through the other ring.
  for (const d of w.devices.values()) if (d.session && (bulk || d.v1)) d.session.lossy = true;
}

/** Time passed: a loss that was counted long enough ago is in the past. */
export function settleLosses(w: World, at: number): void {
  for (let ring = 0; ring < w.openLoss.length; ring++) {
    const ticks = w.openLossTicks[ring] ?? 0;
    if (ticks === 0) continue;
    w.openLossTicks[ring] = ticks - 1;
    if (ticks > 1) continue;
    w.openLoss[ring] = 0;
    w.lostUntil[ring] = at;
  }
}

/** A jump of the ordinal: state records are missing before this one, and the state is not known any more. */
function missedState(d: Device): void {
  d.state = UNKNOWN;
  d.how = 'unknown';
  d.transition = undefined;
  d.failure = undefined;
  if (d.session) d.session.lossy = true;
  if (d.episode) d.episode.stoppedAt = -1;
}

/** Records that change a device's state, or may: those marked S in wire.h. */
const STATE_RECORDS: readonly EventKind[] = ['open', 'close', 'mig_set', 'mig_arc', 'mig_set_ret', 'reset'];
const ALWAYS = 1;
/** A v1_access is one if it writes device_state. */
const SOMETIMES = 2;
const IS_STATE_RECORD = new Uint8Array(RECORD_SIZES.length);
for (const kind of STATE_RECORDS) IS_STATE_RECORD[TAG[kind]] = ALWAYS;
IS_STATE_RECORD[EvType.V1_ACCESS] = SOMETIMES;

export function isStateRecord(tag: number, e: KernelEvent): boolean {
  const is = IS_STATE_RECORD[tag];
  return is === ALWAYS || (is === SOMETIMES && setsState(e as V1AccessEvent));
}

/** What the ordinal of a state record proves about the time before it; to be called before it is judged. */
export function notice(d: Device, gen: number): void {
  if (gen !== d.gen + 1) missedState(d);
  // From here on the record is in step; fold counts it.
  d.gen = gen - 1;
}
