// SPDX-License-Identifier: Apache-2.0
/** What touches a device: accesses, faults, zaps, interrupts. Counted, and what is mapped kept in mind. */
import type {
  ConfigWriteEvent,
  FaultEvent,
  IrqEvent,
  MmapEvent,
  RegionReadEvent,
  RegionWriteEvent,
  SetIrqsEvent,
  ZapEvent,
} from '../wire/events.gen.js';
import type { Device } from './device.js';
import { HALT, isIn } from './fsm.js';

/** vm_fault_t (include/linux/mm_types.h). */
export const VM_FAULT_SIGBUS = 0x2;
export const VM_FAULT_NOPAGE = 0x100;

/** PCI config space (uapi/linux/vfio.h, VFIO_PCI_CONFIG_REGION_INDEX). */
const CONFIG_REGION = 7;

const add = (counts: Map<number, number>, key: number) => counts.set(key, (counts.get(key) ?? 0) + 1);

export function regionAccess(d: Device, e: RegionReadEvent | RegionWriteEvent): void {
  const counts = e.kind === 'region_read' ? d.counts.regionReads : d.counts.regionWrites;
  add(counts, regionIndex(e.pos));
  if (d.transition) d.counts.ambiguous++;
}

export function configWrite(d: Device, _e: ConfigWriteEvent): void {
  add(d.counts.regionWrites, CONFIG_REGION);
  if (d.transition) d.counts.ambiguous++;
}

export function mmap(d: Device, e: MmapEvent): void {
  if (e.ret === 0) d.mmaps++;
}

/** A fault that mapped something: from now until the next zap MMIO needs no further kernel event. */
export function fault(d: Device, e: FaultEvent): void {
  if (!(e.ret & (VM_FAULT_NOPAGE | VM_FAULT_SIGBUS))) return; // tried again with a smaller page
  add(d.counts.faults, regionIndex(e.pos));
  if (e.ret & VM_FAULT_NOPAGE) d.faultsSinceZap++;
  if (d.transition) d.counts.ambiguous++;
}

export function zap(d: Device, e: ZapEvent): void {
  add(d.counts.zaps, e.cause);
  d.lastZapAt = e.at;
  d.lastZapCause = e.cause;
  d.lastZapTgid = e.tgid;
  d.faultsSinceZap = 0;
}

export function irq(d: Device, e: IrqEvent): void {
  if (d.transition || !isIn(d.state, HALT)) return;
  d.counts.irqsWhileHalted++;
  d.lastHaltedIrqAt = e.at;
}

export function setIrqs(d: Device, e: SetIrqsEvent): void {
  add(d.counts.setIrqs, e.index);
  d.lastIrqSetupAt = e.at;
}

/** vfio-pci and mtty put the region's index above bit 40 of the file position. */
export function regionIndex(pos: number): number {
  return Math.floor(pos / 2 ** 40);
}
