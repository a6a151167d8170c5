// SPDX-License-Identifier: Apache-2.0
import type { Device } from './device.js';
import { State } from './fsm.js';

/** ERROR is 0, and 0 is also what uninitialised memory holds: the second sighting in a row counts. */
export function saw(d: Device, state: number, at: number): void {
  if (state !== State.ERROR) {
    d.errorSeen = 0;
    return;
  }
  d.errorSeen++;
  if (d.errorSeen < 2 || d.state === State.ERROR) return;
  d.state = State.ERROR;
  d.how = 'get';
  d.landedAt = d.errorAt = at;
}
