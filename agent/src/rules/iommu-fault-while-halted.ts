// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../model/device.js';
import { HALT, isIn, QUIET, UNKNOWN } from '../model/fsm.js';
import type { World } from '../model/world.js';
import { type IommuFaultEvent, RingValue } from '../wire/events.gen.js';
import type { Limits } from './limits.js';
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

const MOVED = unknown('the device has changed its state since the fault was logged');

const evidenceOf = (e: IommuFaultEvent, d: Device) => ({
  iova: e.iovaHex,
  direction: e.write ? 'write' : 'read',
  reason: `0x${e.reason.toString(16)}`,
  since_landed_ns: e.logged - d.landedAt,
  source: 'kernel log',
});

/** A quiet device may write to memory, not to its peers: did it aim at where a BAR of one had been mapped? */
function quiet(w: World, e: IommuFaultEvent, d: Device, limits: Limits): Verdict {
  const c = w.containers.get(d.container);
  const bar = c?.formerBars.findLast(
    (b) => b.target !== d.id && b.iova <= e.iova && e.iova < b.iova + b.size,
  );
  if (!bar || e.logged - bar.removedAt < limits.epsIommu) return KEPT;
  if (w.mayHaveLost(RingValue.CRIT, bar.removedAt)) return OUT_OF_STEP; // something else may be there by now
  const target = w.devices.get(bar.target)?.name ?? 'closed since';
  const evidence = { ...evidenceOf(e, d), target, unmapped_ns_ago: e.logged - bar.removedAt };
  return broken(`p2p-in-${d.stateName}`, 'warning', { evidence });
}

export const iommuFaultWhileHalted = rule({
  id: 'iommu-fault-while-halted',
  version: 1,
  statement: 'A halted device must not start DMA; an IOMMU fault of it while halted proves that it did.',
  says: 'The device must not generate interrupts, DMA, or any other change to external state.',
  where: 'include/uapi/linux/vfio.h, VFIO_DEVICE_STATE_STOP',
  norm: 'N1',
  party: 'device',
  severities: ['warning', 'critical'],
  needs: ['iommu-fault', 'migration-state'],
  decides:
    'The kernel log names the device in an IOMMU fault, logged more than 10 ms after it landed in STOP, STOP_COPY or RESUMING, where it still is: critical. In a P2P state: a warning if the address is one at which a BAR of another device was mapped until 10 ms before; DMA to memory is free there.',
  benign:
    'A fault storm that began before the stop and is reported late. DMA to mapped memory raises no fault: silence is no proof.',
  action: 'The driver must stop DMA before STOP is reached; address and direction are in the event.',
  on: ['iommu_fault'],
  judge(w, e, d, limits) {
    if (!d) return SILENT; // not a VFIO device that is open
    if (d.state === UNKNOWN) return STATE_UNKNOWN;
    if (d.transition) return IN_TRANSITION;
    if (e.logged < d.landedAt) return MOVED;
    if (!isIn(d.state, HALT | QUIET)) return KEPT;
    if (e.logged - d.landedAt < limits.epsIommu) return IN_TRANSITION;
    if (isIn(d.state, QUIET)) return quiet(w, e, d, limits);
    return broken(`dma-in-${d.stateName}`, 'critical', { evidence: evidenceOf(e, d) });
  },
});
