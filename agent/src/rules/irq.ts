// SPDX-License-Identifier: Apache-2.0
/** VFIO_DEVICE_SET_IRQS as rules read it (uapi/linux/vfio.h, struct vfio_irq_set). */
import type { SetIrqsEvent } from '../wire/events.gen.js';

const INDEX_NAMES = ['INTX', 'MSI', 'MSIX', 'ERR', 'REQ'];

/** VFIO_IRQ_SET_* flag bits. */
const DATA_NONE = 1;
const DATA_BOOL = 2;
const ACTION_TRIGGER = 0x20;

/** DATA_NONE of a count, DATA_BOOL: the user raises an interrupt itself and arranges nothing. */
export function isLoopback(e: SetIrqsEvent): boolean {
  if (!(e.flags & ACTION_TRIGGER)) return false;
  return (e.flags & DATA_BOOL) !== 0 || ((e.flags & DATA_NONE) !== 0 && e.count > 0);
}

/** Did this call arrange interrupts of the device? ERR and REQ are notifications to the user. */
export function arrangesInterrupts(e: SetIrqsEvent): boolean {
  return e.ret >= 0 && !(e.miss & 1) && e.index <= 2 && !isLoopback(e);
}

export function irqEvidence(e: SetIrqsEvent): Record<string, unknown> {
  return {
    index: INDEX_NAMES[e.index] ?? e.index,
    start: e.start,
    count: e.count,
    flags: `0x${e.flags.toString(16)}`,
  };
}
