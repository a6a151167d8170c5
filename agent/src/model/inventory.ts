// SPDX-License-Identifier: Apache-2.0
/** What was found at start rather than seen to happen. */
import { CertaintyValue, type KnownStateEvent } from '../wire/events.gen.js';
import type { Device } from './device.js';
import { HALT, isIn, State, UNKNOWN } from './fsm.js';
import type { World } from './world.js';

/** The driver's own note of its state; whatever has been seen to happen since outweighs it. */
export function knownState(_w: World, d: Device, e: KnownStateEvent): void {
  if (d.state !== UNKNOWN || d.transition || e.gen !== d.gen) return;
  // ERROR is 0, and 0 is also what memory holds that nobody has written to.
  if (e.certainty === CertaintyValue.ASSUMED || e.state === State.ERROR) return;
  if (isIn(e.state, HALT)) d.haltedAt = e.at; // since then at the latest
  d.state = e.state;
  d.how = 'inventory';
  d.landedAt = e.at;
}
