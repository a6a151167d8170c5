// SPDX-License-Identifier: Apache-2.0
import type { Device } from './device.js';
import { State } from './fsm.js';

/** ERROR is 0, and 0 is also what uninitialised memory holds: the second sighting counts. */
export function sawError(d: Device, at: number): void {
  d.errorSeen++;
  if (d.errorSeen < 2 || d.state === State.ERROR) return;
  d.state = State.ERROR;
  d.how = 'get';
  d.landedAt = d.errorAt = at;
}
