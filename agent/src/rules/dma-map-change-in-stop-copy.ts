// SPDX-License-Identifier: Apache-2.0
import { State } from '../model/fsm.js';
import { RingValue } from '../wire/events.gen.js';
import { broken, IN_TRANSITION, KEPT, OUT_OF_STEP, rule, SILENT, STATE_UNKNOWN } from './rule.js';

/** VFIO_DMA_UNMAP_FLAG_VADDR and VFIO_DMA_MAP_FLAG_VADDR: the IOVA stays mapped, only its owner moves. */
const VADDR = 4;
/** VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP: the unmap is the report. */
const GET_DIRTY_BITMAP = 1;

export const dmaMapChangeInStopCopy = rule({
  id: 'dma-map-change-in-stop-copy',
  version: 1,
  statement:
    'The IOVA layout of a device should not change between the final dirty report and the end of STOP_COPY.',
  basis: 'external state restored by the VMM includes the DMA mappings, interrupts, and config space',
  where:
    'Williamson, 2021-11-02, 20211102141547.6f1b0bb3; logged ranges are fixed at start: include/uapi/linux/vfio.h, VFIO_DEVICE_FEATURE_DMA_LOGGING_START',
  norm: 'N4',
  party: 'user',
  severities: ['info', 'warning'],
  scope: 'mappings',
  needs: ['dma-map', 'migration-state'],
  decides:
    'MAP_DMA or UNMAP_DMA succeeded on a container with a device in STOP_COPY. A map is info. An unmap is a warning if dirty tracking is on and nothing was reported since the device halted, else info.',
  benign:
    'UNMAP after the end of the stream (teardown); an unmap that returns the dirty bitmap; the VADDR flag (a new process takes the mappings over).',
  action: 'Warning: pages written by DMA before the unmap may be missing on the destination.',
  on: ['dma_map', 'dma_unmap'],
  ordinarily: { dma_map: KEPT, dma_unmap: KEPT },
  judge(w, e, d) {
    if (!d) return SILENT;
    if (d.transition) return IN_TRANSITION;
    if (d.state < 0) return STATE_UNKNOWN;
    if (e.ret < 0 || e.flags & VADDR) return SILENT;
    // These records name no device and so carry no ordinal that would show a loss.
    if (w.mayHaveLost(RingValue.CRIT, d.landedAt)) return OUT_OF_STEP;
    if (d.state !== State.STOP_COPY) return KEPT;
    const evidence = { iova: e.iovaHex, size: e.size, container: e.container };
    if (e.kind === 'dma_map') return broken('map', 'info', { evidence });
    if (d.session?.eos) return SILENT;
    const c = w.containers.get(e.container);
    const tracked = d.logging || c?.tracking === true;
    const reported = (c?.lastReportAt ?? -1) > d.haltedAt || (e.flags & GET_DIRTY_BITMAP) !== 0;
    return broken('unmap', tracked && !reported && !d.logging ? 'warning' : 'info', {
      evidence: { ...evidence, tracked, reported_since_halt: reported },
    });
  },
});
