// SPDX-License-Identifier: Apache-2.0
/** What is known of a device's own dirty tracking (DMA_LOGGING_*). */
import type { Device } from '../model/device.js';
import type { World } from '../model/world.js';
import { RingValue } from '../wire/events.gen.js';
import { unknown } from './rule.js';

export const TRACKING_UNKNOWN = unknown('whether dirty tracking was on is not known');

/** Has every START and STOP since the open, or since the last one seen, been seen? */
export function trackingKnown(w: World, d: Device): boolean {
  return d.loggingAt >= 0 && !w.mayHaveLost(RingValue.CRIT, d.loggingAt);
}
