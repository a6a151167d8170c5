// SPDX-License-Identifier: Apache-2.0
/** What touches a device: accesses, faults, zaps, interrupts. Counted, and what is mapped kept in mind. */
import {
  type ConfigWriteEvent,
  EvType,
  type FaultEvent,
  type IoeventfdEvent,
  type IrqEvent,
  type MigSetRetEvent,
  type MmapEvent,
  type MsiEnableEvent,
  type RegionReadEvent,
  type RegionWriteEvent,
  type RepeatsEvent,
  type SetIrqsEvent,
  type VcpuEntryEvent,
  type ZapEvent,
} from '../wire/events.gen.js';
import type { Device } from './device.js';
import { HALT, isIn } from './fsm.js';
import { arrangesInterrupts, givesVectors, irqWindow, takesDown } from './set_irqs.js';
import { interrupted } from './v1.js';
import type { World } from './world.js';

/** vm_fault_t (include/linux/mm_types.h). */
export const VM_FAULT_SIGBUS = 0x2;
export const VM_FAULT_NOPAGE = 0x100;

/** PCI config space (uapi/linux/vfio.h, VFIO_PCI_CONFIG_REGION_INDEX). */
const CONFIG_REGION = 7;

const add = (counts: Map<number, number>, key: number, n = 1) => counts.set(key, (counts.get(key) ?? 0) + n);

export function regionRead(w: World, d: Device, e: RegionReadEvent): void {
  add(d.counts.regionReads, regionIndex(e.pos));
  touched(w, d, e);
  if (d.transition) d.counts.ambiguous++;
}

export function regionWrite(w: World, d: Device, e: RegionWriteEvent): void {
  add(d.counts.regionWrites, regionIndex(e.pos));
  touched(w, d, e);
  if (d.transition) d.counts.ambiguous++;
}

export function configWrite(w: World, d: Device, e: ConfigWriteEvent): void {
  add(d.counts.regionWrites, CONFIG_REGION);
  touched(w, d, e);
  if (d.transition) d.counts.ambiguous++;
}

export function mmap(_w: World, d: Device, e: MmapEvent): void {
  if (e.ret !== 0) return;
  if (d.v1 && (!d.v1.pciLayout || regionIndex(e.pos) === d.v1.index)) d.v1.mapped = true;
  else d.mmaps++;
}

/** A fault that mapped something: from now until the next zap MMIO needs no further kernel event. */
export function fault(w: World, d: Device, e: FaultEvent): void {
  if (!(e.ret & (VM_FAULT_NOPAGE | VM_FAULT_SIGBUS))) return; // tried again with a smaller page
  add(d.counts.faults, regionIndex(e.pos));
  if (e.ret & VM_FAULT_NOPAGE) d.faultsSinceZap++;
  if (!e.prefault) touched(w, d, e);
  if (d.transition) d.counts.ambiguous++;
}

export function zap(_w: World, d: Device, e: ZapEvent): void {
  add(d.counts.zaps, e.cause);
  d.lastZapAt = e.at;
  d.lastZapCause = e.cause;
  d.lastZapTgid = e.tgid;
  d.lastZapTid = e.tid;
  d.faultsSinceZap = 0;
}

export function irq(_w: World, d: Device, e: IrqEvent): void {
  if (d.transition || !isIn(d.state, HALT)) return;
  d.counts.irqsWhileHalted++;
  d.lastHaltedIrqAt = e.at;
  if (d.v1) interrupted(d, d.v1, e.at);
}

/** Touches that were only counted: what the functions above would have made of each. */
export function repeated(d: Device, e: RepeatsEvent): void {
  switch (e.of) {
    case EvType.REGION_READ:
      add(d.counts.regionReads, e.part, e.count);
      break;
    case EvType.REGION_WRITE:
    case EvType.CONFIG_WRITE:
      add(d.counts.regionWrites, e.part, e.count);
      break;
    case EvType.FAULT:
      add(d.counts.faults, e.part, e.count);
      // Before a zap in the same state, or after it: of those that mapped something the last is known.
      if (e.sum > 0 && e.last > d.lastZapAt) d.faultsSinceZap += e.first > d.lastZapAt ? e.count : 1;
      break;
    case EvType.IRQ:
      if (d.transition || !isIn(d.state, HALT)) return;
      d.counts.irqsWhileHalted += e.count;
      d.lastHaltedIrqAt = e.last;
      return;
    default:
      return;
  }
  if (d.transition) d.counts.ambiguous += e.count;
}

export function setIrqs(w: World, d: Device, e: SetIrqsEvent): void {
  const window = arrangesInterrupts(e) ? irqWindow(d) : undefined;
  if (window) w.observer.irqsRestored(window);
  add(d.counts.setIrqs, e.index);
  d.lastIrqSetupAt = e.at;
  arm(d, e);
}

function arm(d: Device, e: SetIrqsEvent): void {
  if (e.miss & 1) d.armed = -1;
  if (d.armed < 0) return;
  if (givesVectors(e)) {
    d.armed |= 1 << e.index;
    d.unarmedSince = -1;
  } else if (takesDown(e)) d.armed &= ~(1 << e.index);
}

/** The guest set up its own interrupts: the VMM follows. */
export function msiEnabled(_w: World, d: Device, e: MsiEnableEvent): void {
  if (e.enabled) d.unarmedSince = -1;
}

/** A device has come to RUNNING: is it a destination that has no vectors yet? */
export function began(d: Device, from: number, e: MigSetRetEvent): void {
  const restored = d.episode?.side === 'destination' && from !== e.requested;
  d.unarmedSince = restored && d.armed === 0 ? e.at : -1;
}

type Touch =
  | RegionReadEvent
  | RegionWriteEvent
  | ConfigWriteEvent
  | FaultEvent
  | IoeventfdEvent
  | VcpuEntryEvent;

export function touched(_w: World, d: Device, e: Touch): void {
  d.lastTouchAt = e.at;
  d.lastTouch = e.kind;
}

export function vcpuEntry(w: World, d: Device, e: VcpuEntryEvent): void {
  d.lastVcpuEntryAt = e.at;
  touched(w, d, e);
}

/** vfio-pci and mtty put the region's index above bit 40 of the file position. */
export function regionIndex(pos: number): number {
  return Math.floor(pos / 2 ** 40);
}
