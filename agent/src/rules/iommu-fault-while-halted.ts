// SPDX-License-Identifier: Apache-2.0
import { HALT, isIn, UNKNOWN } from '../model/fsm.js';
import { broken, IN_TRANSITION, KEPT, rule, SILENT, STATE_UNKNOWN, unknown } from './rule.js';

const MOVED = unknown('the device has changed its state since the fault was logged');

export const iommuFaultWhileHalted = rule({
  id: 'iommu-fault-while-halted',
  version: 1,
  statement: 'A halted device must not start DMA; an IOMMU fault of it while halted proves that it did.',
  says: 'The device must not generate interrupts, DMA, or any other change to external state.',
  where: 'include/uapi/linux/vfio.h, VFIO_DEVICE_STATE_STOP',
  norm: 'N1',
  party: 'device',
  severities: ['critical'],
  needs: ['iommu-fault', 'migration-state'],
  decides:
    'The kernel log names the device in an IOMMU fault, logged more than 10 ms after it landed in STOP, STOP_COPY or RESUMING, where it still is.',
  benign:
    'A fault storm that began before the stop and is reported late. DMA to mapped memory raises no fault: silence is no proof.',
  action: 'The driver must stop DMA before STOP is reached; address and direction are in the event.',
  on: ['iommu_fault'],
  judge(_w, e, d, limits) {
    if (!d) return SILENT; // not a VFIO device that is open
    if (d.state === UNKNOWN) return STATE_UNKNOWN;
    if (d.transition) return IN_TRANSITION;
    if (e.logged < d.landedAt) return MOVED;
    if (!isIn(d.state, HALT)) return KEPT;
    if (e.logged - d.landedAt < limits.epsIommu) return IN_TRANSITION;
    return broken(`dma-in-${d.stateName}`, 'critical', {
      evidence: {
        iova: e.iovaHex,
        direction: e.write ? 'write' : 'read',
        reason: `0x${e.reason.toString(16)}`,
        since_landed_ns: e.logged - d.landedAt,
        source: 'kernel log',
      },
    });
  },
});
