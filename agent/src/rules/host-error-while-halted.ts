// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../model/device.js';
import { HALT, isIn, State } from '../model/fsm.js';
import type { World } from '../model/world.js';
import { type AerEvent, AerSeverityValue, type MigSetEvent, RingValue } from '../wire/events.gen.js';
import type { Limits } from './limits.js';
import { broken, IN_TRANSITION, KEPT, rule, SILENT, unknown, type Verdict } from './rule.js';
import { settledIn } from './settled.js';

const MISSING = unknown('error reports may have been lost');

/** Surprise Down in the uncorrectable error status (include/uapi/linux/pci_regs.h, PCI_ERR_UNC_SURPDN). */
const SURPRISE_DOWN = 0x20;

function onError(e: AerEvent, d: Device, limits: Limits): Verdict {
  const halted = settledIn(d, e, HALT | (1 << State.ERROR), 0, false);
  if (typeof halted !== 'boolean') return halted;
  if (!halted) return KEPT;
  const sinceTouch = d.lastTouchAt < 0 ? -1 : e.at - d.lastTouchAt;
  const caused = sinceTouch >= 0 && sinceTouch <= limits.touchCauses;
  const evidence = {
    reported_by: e.bdf,
    status: `0x${e.status.toString(16)}`,
    ...(caused && { touch: { kind: d.lastTouch, ns_before: sinceTouch } }),
  };
  if (e.aerSeverity === AerSeverityValue.CORRECTABLE) return broken('correctable', 'info', { evidence });
  if (e.status === SURPRISE_DOWN) return broken('link-down', 'info', { evidence });
  return broken(caused ? 'caused' : 'coincident', 'critical', { evidence });
}

function onLeave(w: World, e: MigSetEvent, d: Device): Verdict {
  if (!isIn(d.state, HALT) || e.miss || isIn(e.requested, HALT) || d.haltedAt < 0) return SILENT;
  if (d.transition) return IN_TRANSITION;
  if (d.errorReportedAt >= d.haltedAt) return SILENT;
  return w.mayHaveLost(RingValue.CRIT, d.haltedAt) ? MISSING : KEPT;
}

export const hostErrorWhileHalted = rule({
  id: 'host-error-while-halted',
  version: 1,
  statement: 'Using a stopped device must not cause errors outside of its user.',
  says: 'must not result in error conditions outside the user context (ex. host system faults)',
  where: 'include/uapi/linux/vfio.h, VFIO_DEVICE_STATE_STOP',
  norm: 'N1',
  party: 'device',
  scope: 'host',
  severities: ['info', 'critical'],
  needs: ['host-error', 'migration-state'],
  decides:
    'PCIe AER named the device, or the port above it, in STOP, STOP_COPY, RESUMING or ERROR: critical, `caused` if the device was touched in the 100 ms before, else `coincident`. Kept when the halted device is let go again and no report came between. Machine checks and what firmware keeps to itself are not observed.',
  benign: 'Correctable errors, and a link that went down by surprise (an administrator): info.',
  action:
    'caused: the driver must answer touches in STOP without an error TLP. The touch is in the evidence.',
  on: ['aer', 'mig_set'],
  judge(w, e, d, limits) {
    if (!d) return SILENT; // not a VFIO device that is open
    return e.kind === 'aer' ? onError(e, d, limits) : onLeave(w, e, d);
  },
});
