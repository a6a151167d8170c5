// SPDX-License-Identifier: Apache-2.0
/** Events that the probes only counted: what each of them would have left in the world. */
import { EvType, type RepeatsEvent } from '../wire/events.gen.js';
import type { Device } from './device.js';
import * as stream from './stream.js';
import * as touch from './touch.js';
import type { World } from './world.js';

export function repeats(w: World, d: Device | undefined, e: RepeatsEvent): void {
  if (e.of === EvType.DATA_READ || e.of === EvType.DATA_WRITE) stream.repeated(w, d, e);
  else if (d) touch.repeated(d, e);
}
