// SPDX-License-Identifier: Apache-2.0
import { HALT } from '../model/fsm.js';
import { DirtyOpValue, RingValue } from '../wire/events.gen.js';
import { broken, KEPT, OUT_OF_STEP, rule, SILENT, unknown } from './rule.js';
import { settledIn } from './settled.js';
import { TRACKING_UNKNOWN, trackingKnown } from './tracking.js';

const BITS_UNSEEN = unknown('what the report held was not seen');
const PART_SEEN = unknown('only a part of what the report held was seen');

/** A tracker that works through a queue may report this late what was written before the halt. */
const SETTLED_NS = 100e6;

export const dmaDirtyWhileHalted = rule({
  id: 'dma-dirty-while-halted',
  version: 1,
  statement: 'No page may become dirty by a halted device.',
  says: 'The device must not generate interrupts, DMA, or any other change to external state.',
  where: 'include/uapi/linux/vfio.h, VFIO_DEVICE_STATE_STOP',
  norm: 'N1',
  party: 'device',
  severities: ['critical'],
  needs: ['dirty-log', 'migration-state'],
  decides:
    'DMA_LOGGING_REPORT of a halted device holds dirty pages in memory that an earlier report, asked for after the halt, had already covered. Confidence is medium, low within 100 ms of the halt: trackers report late. Type1 is not judged: its reports call every mapped or pinned page dirty, each time.',
  benign:
    'The first report after the halt, which tells what was written before it. QEMU asks once after the halt: the rule has power where a guest is paused before it migrates.',
  action: 'The driver must stop DMA before STOP is reached; the pages are in the evidence.',
  on: ['dirty_log'],
  ordinarily: { dirty_log: SILENT },
  judge(w, e, d, limits) {
    if (!d || e.container || e.op !== DirtyOpValue.REPORT || e.ret < 0 || !d.logging) return SILENT;
    const halted = settledIn(d, e, HALT, limits.epsIommu);
    if (typeof halted !== 'boolean') return halted;
    if (!halted || !d.reports.askedAfterHalt(e.tid, d.landedBy)) return SILENT;
    const { after } = d.reports;
    if (!after.overlaps(e.iova, e.size)) return SILENT; // the first of this memory
    if (!trackingKnown(w, d)) return TRACKING_UNKNOWN;
    if (w.mayHaveLost(RingValue.CRIT, d.haltedAt)) return OUT_OF_STEP;
    const held = d.reportBits;
    if (held?.tid !== e.tid) return BITS_UNSEEN;
    if (held.bits === 0) return held.partial ? PART_SEEN : KEPT;
    const again = after.has(held.first) || after.has(held.last);
    if (!again) return held.bits > 2 || held.partial ? PART_SEEN : KEPT;
    const since = e.at - d.haltedAt;
    return broken('dirty-again', 'critical', {
      confidence: since < SETTLED_NS ? 'low' : 'medium',
      evidence: {
        pages: held.bits,
        at_least: held.partial,
        first: `0x${held.first.toString(16)}`,
        last: `0x${held.last.toString(16)}`,
        since_halted_ns: since,
      },
    });
  },
});
