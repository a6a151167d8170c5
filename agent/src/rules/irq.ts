// SPDX-License-Identifier: Apache-2.0
/** VFIO_DEVICE_SET_IRQS as rules read it (uapi/linux/vfio.h, struct vfio_irq_set). */
import type { SetIrqsEvent } from '../wire/events.gen.js';

const INDEX_NAMES = ['INTX', 'MSI', 'MSIX', 'ERR', 'REQ'];

/** ERR and REQ are notifications to the user, not interrupts of the device. */
export function isDeviceInterrupt(e: SetIrqsEvent): boolean {
  return e.index <= 2;
}

export function irqEvidence(e: SetIrqsEvent): Record<string, unknown> {
  return {
    index: INDEX_NAMES[e.index] ?? e.index,
    start: e.start,
    count: e.count,
    flags: `0x${e.flags.toString(16)}`,
  };
}
