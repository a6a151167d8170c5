// SPDX-License-Identifier: Apache-2.0
/** VFIO_DEVICE_SET_IRQS (uapi/linux/vfio.h, struct vfio_irq_set): what a call is for, and when a destination makes it. */
import type { SetIrqsEvent } from '../wire/events.gen.js';
import type { Device } from './device.js';
import { isIn, QUIET, State } from './fsm.js';

/** VFIO_IRQ_SET_* flag bits. */
const DATA_NONE = 1;
const DATA_BOOL = 2;
const DATA_EVENTFD = 4;
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

/** An index of the device's own interrupts was changed. */
const triggers = (e: SetIrqsEvent): boolean => e.ret >= 0 && e.index <= 2 && (e.flags & ACTION_TRIGGER) !== 0;

/** Vectors were given eventfds. */
export const givesVectors = (e: SetIrqsEvent): boolean =>
  triggers(e) && e.count > 0 && (e.flags & DATA_EVENTFD) !== 0;

/** All vectors of the index were taken away. */
export const takesDown = (e: SetIrqsEvent): boolean =>
  triggers(e) && e.count === 0 && (e.flags & DATA_NONE) !== 0;

/** Of `after-running` only calls count that give the first vectors to a device that came to RUNNING with none. */
export const IRQ_WINDOWS = ['resuming', 'stop', 'p2p', 'after-running'] as const;
export type IrqWindow = (typeof IRQ_WINDOWS)[number];

/** Where in its restore the device is; undefined: it is not restored, or a transition is under way. */
export function irqWindow(d: Device): IrqWindow | undefined {
  if (d.transition) return undefined;
  if (d.unarmedSince >= 0) return 'after-running';
  if (d.episode?.side !== 'destination') return undefined;
  if (d.state === State.RESUMING) return 'resuming';
  if (d.state === State.STOP) return 'stop';
  return isIn(d.state, QUIET) ? 'p2p' : undefined;
}
