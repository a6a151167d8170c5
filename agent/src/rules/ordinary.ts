// SPDX-License-Identifier: Apache-2.0
/**
 * What is seen of a device in order, all the time, on any host: data that moves in the session that it belongs
 * to, a touch of a device that runs. What a rule says of that does not depend on anything else, so that it may
 * declare it once (Rule.ordinarily) and is not asked each time.
 *
 * Every condition here is one that makes such a declaration safe: a record in step with what is known of the
 * device, a state that is certain, nothing under way, nothing lost that matters.
 */
import type { Device } from '../model/device.js';
import { INIT, isIn, QUIET, SAVE, State } from '../model/fsm.js';
import type { Session } from '../model/session.js';
import type { World } from '../model/world.js';
import {
  type DataReadEvent,
  type DataWriteEvent,
  type DirtyLogEvent,
  DirtyOpValue,
  type DmaMapEvent,
  type DmaUnmapEvent,
  EvType,
  type KernelEvent,
  RingValue,
} from '../wire/events.gen.js';
import { trackingKnown } from './tracking.js';

/** VFIO_DMA_MAP_FLAG_VADDR, VFIO_DMA_UNMAP_FLAG_VADDR: the IOVA stays mapped, only its owner moves. */
const VADDR = 4;
export const LOAD = 1 << State.RESUMING;

/** Its state is one of these, and no record that the kernel made before this one is missing. */
const isCertainlyIn = (d: Device, e: { readonly gen: number }, states: number): boolean =>
  d.transition === undefined && e.gen === d.gen && isIn(d.state, states);

type Moved = Pick<DataReadEvent, 'gen' | 'session' | 'ret'>;

/** Bytes moved through the fd of the session that the device has, in one of the states that they move in. */
export const flows = (w: World, d: Device, s: Session, e: Moved, states: number): boolean =>
  s.endedAt < 0 && e.ret > 0 && isCertainlyIn(d, e, states) && w.sessions.find(e.session) === s;

/** The device's own tracker, which is known to be on, told which pages are dirty while the device may write. */
const reports = (w: World, d: Device, e: DirtyLogEvent): boolean =>
  e.op === DirtyOpValue.REPORT &&
  e.container === 0 &&
  e.ret >= 0 &&
  e.miss === 0 &&
  d.logging &&
  isCertainlyIn(d, e, INIT | QUIET) &&
  trackingKnown(w, d);

/** A device of the container that the mapping is made for runs, and does not track what it writes. These records name no device: no ordinal tells of a loss. */
const mapsForRunning = (w: World, d: Device, e: DmaMapEvent | DmaUnmapEvent): boolean =>
  d.transition === undefined &&
  !d.logging &&
  isIn(d.state, INIT) &&
  e.ret >= 0 &&
  !(e.flags & VADDR) &&
  !w.mayHaveLost(RingValue.CRIT, d.landedAt);

/** Is this event, with this tag, one of those? */
export function isOrdinary(w: World, d: Device, e: KernelEvent, tag: number): boolean {
  switch (tag) {
    case EvType.DATA_READ:
      return d.session !== undefined && flows(w, d, d.session, e as DataReadEvent, SAVE);
    case EvType.DATA_WRITE:
      return d.session !== undefined && flows(w, d, d.session, e as DataWriteEvent, LOAD);
    case EvType.REGION_READ:
    case EvType.REGION_WRITE:
    case EvType.IRQ:
      return isCertainlyIn(d, e, INIT);
    case EvType.DIRTY_LOG:
      return reports(w, d, e as DirtyLogEvent);
    case EvType.DMA_MAP:
    case EvType.DMA_UNMAP:
      return mapsForRunning(w, d, e as DmaMapEvent | DmaUnmapEvent);
    default:
      return false;
  }
}
