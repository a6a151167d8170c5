// SPDX-License-Identifier: Apache-2.0
/** VFIO_DEVICE_SET_IRQS as evidence. */
import type { SetIrqsEvent } from '../wire/events.gen.js';

const INDEX_NAMES = ['INTX', 'MSI', 'MSIX', 'ERR', 'REQ'];

export function irqEvidence(e: SetIrqsEvent): Record<string, unknown> {
  return {
    index: INDEX_NAMES[e.index] ?? e.index,
    start: e.start,
    count: e.count,
    flags: `0x${e.flags.toString(16)}`,
  };
}
