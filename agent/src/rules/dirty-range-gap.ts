// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../model/device.js';
import { INIT, isIn, QUIET } from '../model/fsm.js';
import type { World } from '../model/world.js';
import { type DmaMapEvent, RingValue, type TickEvent } from '../wire/events.gen.js';
import {
  broken,
  IN_TRANSITION,
  KEPT,
  OUT_OF_STEP,
  rule,
  SILENT,
  STATE_UNKNOWN,
  unknown,
  type Verdict,
} from './rule.js';
import { TRACKING_UNKNOWN, trackingKnown } from './tracking.js';

const RANGES_UNSEEN = unknown('the ranges that are logged were not seen');

/** VFIO_DMA_MAP_FLAG_VADDR: the IOVA was mapped before. */
const VADDR = 4;

function onMap(w: World, e: DmaMapEvent, d: Device): Verdict {
  if (!d.logging || e.ret < 0 || e.flags & VADDR) return SILENT;
  if (d.transition) return IN_TRANSITION;
  if (d.state < 0) return STATE_UNKNOWN;
  if (!trackingKnown(w, d)) return TRACKING_UNKNOWN;
  if (!d.logged || d.logged.incomplete) return RANGES_UNSEEN;
  if (w.mayHaveLost(RingValue.CRIT, d.landedAt)) return OUT_OF_STEP;
  if (!isIn(d.state, INIT | QUIET)) return SILENT;
  return d.logged.covers(e.iova, e.size) ? KEPT : SILENT; // it may be a BAR: the next tick knows
}

function onTick(w: World, e: TickEvent, d: Device): Verdict {
  const gap = d.unlogged;
  if (!gap || !d.logging) return SILENT;
  if (w.mayHaveLost(RingValue.CRIT, gap.at)) return OUT_OF_STEP;
  return broken('outside', 'warning', {
    evidence: {
      iova: `0x${gap.iova.toString(16)}`,
      size: gap.size,
      mapped_ns_ago: e.at - gap.at,
      logged: [...(d.logged ?? [])].map((r) => `0x${r.from.toString(16)}-0x${r.to.toString(16)}`),
    },
  });
}

export const dirtyRangeGap = rule({
  id: 'dirty-range-gap',
  version: 1,
  statement:
    'Memory that is mapped for DMA after dirty tracking has started must lie in the ranges that are tracked.',
  says: 'Each DMA that the device initiates inside the range will be logged',
  where:
    'include/uapi/linux/vfio.h, struct vfio_device_feature_dma_logging_range: what is outside will not be',
  norm: 'N1',
  party: 'user',
  scope: 'mappings',
  severities: ['warning'],
  needs: ['dirty-log', 'dma-map', 'p2p-map', 'migration-state'],
  decides:
    'MAP_DMA of memory that is no BAR, not covered by the ranges of DMA_LOGGING_START, while the device tracks and is RUNNING, PRE_COPY or quiet. Judged at the next tick, when it is known whether it is a BAR.',
  benign:
    'QEMU tracks from its lowest to its highest address; BARs (peer to peer) are not tracked on purpose.',
  action: 'What the device writes there is not resent: the VMM must stop and start tracking with all ranges.',
  on: ['dma_map', 'tick'],
  ordinarily: { dma_map: SILENT },
  judge(w, e, d) {
    if (!d) return SILENT;
    return e.kind === 'tick' ? onTick(w, e, d) : onMap(w, e, d);
  },
});
