// SPDX-License-Identifier: Apache-2.0
/** What was lost, and what may have been: the world's own idea of how far it can be trusted. */
import { type KernelEvent, type LostEvent, RingValue } from '../wire/events.gen.js';
import type { Device } from './device.js';
import { UNKNOWN } from './fsm.js';
import type { World } from './world.js';

/**
 * A loss is counted some time after it happened, and its record stands before the
 * batch in which it may have happened. The second tick after it is surely later.
 */
const TICKS_UNTIL_PAST = 2;

export function lost(w: World, e: LostEvent): void {
  w.lost[e.ring] = (w.lost[e.ring] ?? 0) + e.count;
  w.openLoss[e.ring] = (w.openLoss[e.ring] ?? 0) + e.count;
  w.openLossTicks[e.ring] = TICKS_UNTIL_PAST;
  for (const d of w.devices.values()) if (d.episode) d.episode.lost += e.count;
  if (e.ring !== RingValue.BULK) return;
  for (const s of w.sessions.values()) s.lossy = true;
  for (const d of w.devices.values()) if (d.session) d.session.lossy = true;
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

/** What a record proves about the time before it; to be called before it is judged. */
export function notice(w: World, e: KernelEvent): void {
  switch (e.kind) {
    case 'open':
    case 'close':
    case 'mig_set':
    case 'mig_arc':
    case 'mig_set_ret':
    case 'reset': {
      const d = w.devices.get(e.dev);
      if (!d) return;
      if (e.gen !== d.gen + 1) missedState(d);
      // From here on the record is in step; fold counts it.
      d.gen = e.gen - 1;
      return;
    }
    default:
  }
}
