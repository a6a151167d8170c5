// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../model/device.js';
import { GET_DIRTY_BITMAP } from '../model/dirty.js';
import { onlyBars } from '../model/dma.js';
import { HALT, isIn, State } from '../model/fsm.js';
import type { Container, World } from '../model/world.js';
import { type DmaUnmapEvent, type MigSetEvent, RingValue } from '../wire/events.gen.js';
import { broken, KEPT, OUT_OF_STEP, rule, SILENT, type Verdict } from './rule.js';
import { TRACKING_UNKNOWN, trackingKnown } from './tracking.js';

/** VFIO_DMA_UNMAP_FLAG_VADDR: the IOVA stays mapped. */
const VADDR = 4;
/** Firmware shadows (PAM) come and go below it. */
const LOW_MEMORY = 1 << 20;

const gaveUp = (d: Device) => isIn(d.state, HALT) && d.session?.direction === 'save' && d.session.eos;

/** Of a container's devices one is asked. */
function speaksFor(w: World, c: Container, d: Device): boolean {
  for (const first of w.devicesOf(c.id)) return first === d;
  return false;
}

function onUnmap(w: World, e: DmaUnmapEvent, d: Device): Verdict {
  const c = w.containers.get(e.container);
  if (!c || e.ret < 0 || e.size === 0 || e.flags & VADDR || !speaksFor(w, c, d) || onlyBars(c)) return SILENT;
  const members = [...w.devicesOf(c.id)];
  const loggers = members.filter((p) => p.logging);
  if (!c.tracking && loggers.length === 0)
    return members.every((p) => trackingKnown(w, p)) ? SILENT : TRACKING_UNKNOWN;
  if (members.some(gaveUp)) return SILENT;
  const trackers = [...(c.tracking ? [c] : []), ...loggers].map((t) => t.reports);
  if (trackers.some((t) => w.mayHaveLost(RingValue.CRIT, t.startedAt))) return OUT_OF_STEP;
  if (c.tracking && loggers.length === 0 && e.flags & GET_DIRTY_BITMAP) return KEPT;
  if (trackers.every((t) => t.after.covers(e.iova, e.size))) return KEPT;
  const evidence = { iova: e.iovaHex, size: e.size, tracker: c.tracking ? 'type1' : 'device' };
  if (e.iova + e.size <= LOW_MEMORY) return broken('low-memory', 'info', { evidence });
  // Of an mdev's container type1 logs what the driver pins, and forgets it with the mapping. Yet QEMU unmaps all of
  // low RAM for a moment when firmware moves a shadow below 1 MiB: what is never reported again is judged at the end.
  const forgotten = c.tracking && members.every((p) => p.bus === 'mdev');
  return forgotten
    ? broken('forgotten', 'info', { strict: 'warning', evidence })
    : broken('unreported', 'info', { evidence });
}

/** The saving is over, and what was unmapped has not been reported since. */
function onEnd(w: World, e: MigSetEvent, d: Device): Verdict {
  if (d.state !== State.STOP_COPY || e.requested !== State.STOP || e.miss || d.transition || !d.session?.eos)
    return SILENT;
  const c = w.containers.get(d.container);
  const tracker = d.logging ? d : c?.tracking && speaksFor(w, c, d) ? c : undefined;
  if (!tracker) return SILENT;
  if (w.mayHaveLost(RingValue.CRIT, tracker.reports.startedAt)) return OUT_OF_STEP;
  const dropped = tracker.reports.dropped.filter((r) => r.to > LOW_MEMORY);
  if (dropped.length === 0) return KEPT;
  return broken('never-reported', 'warning', {
    evidence: { ranges: dropped.map((r) => `0x${r.from.toString(16)}-0x${r.to.toString(16)}`) },
  });
}

export const dmaUnmapDropsDirty = rule({
  id: 'dma-unmap-drops-dirty',
  version: 1,
  statement:
    'While dirty tracking is on, guest memory should not be unmapped without taking its dirty bitmap.',
  says: 'VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP should be set to get the dirty bitmap before unmapping IO virtual addresses.',
  where: 'include/uapi/linux/vfio.h, VFIO_IOMMU_DIRTY_PAGES',
  norm: 'N1',
  party: 'user',
  scope: 'mappings',
  severities: ['info', 'warning'],
  needs: ['dma-map', 'p2p-map', 'dirty-log', 'migration-state'],
  decides:
    'UNMAP_DMA of memory that is no BAR, while its container or a device in it tracks, without the flag, and not reported since all devices halted: info. Of a container of mdevs type1 has forgotten what was pinned there: in seed-strict a warning. When STOP_COPY is left at the end of the stream and the same IOVA has still not been reported: warning.',
  benign:
    'QEMU gives the flag for a vIOMMU only. Firmware that moves a shadow below 1 MiB, at which QEMU unmaps the RAM above it, too, and maps it again: info. Physical devices of a type1 container: mapped again, all of it counts as dirty. Unmaps after the end of the stream, and the exit of the process. Memory that was unplugged cannot be told apart.',
  action: 'Pages that were written there and not yet resent may be stale on the destination.',
  on: ['dma_unmap', 'mig_set'],
  judge(w, e, d) {
    if (!d) return SILENT;
    return e.kind === 'dma_unmap' ? onUnmap(w, e, d) : onEnd(w, e, d);
  },
});
