// SPDX-License-Identifier: Apache-2.0
import { refusal, State, UNKNOWN } from '../model/fsm.js';
import { EINVAL, ENOTTY } from './errno.js';
import { broken, KEPT, rule, SILENT, STATE_UNKNOWN } from './rule.js';

export const fsmArcRejected = rule({
  id: 'fsm-arc-rejected',
  version: 1,
  statement:
    'The user must not request a transition that the FSM does not permit or the device does not support.',
  says: 'The optional states cannot be used with SET_STATE if the device does not support them.',
  where:
    'include/uapi/linux/vfio.h, enum vfio_device_mig_state (also: "ERROR cannot be specified as a device state")',
  norm: 'N1',
  party: 'user',
  severities: ['info', 'warning', 'critical'],
  needs: ['migration-state'],
  decides:
    'At the return of SET_STATE: -EINVAL, and the request is out of range, is ERROR, needs a migration flag that the device lacks, goes from STOP_COPY to PRE_COPY or PRE_COPY_P2P, or comes from ERROR (critical if it reached the core: a kernel WARN_ON). A request for the current state is legal.',
  benign:
    'Feature probing within a second of open, in RUNNING: reported as info. QEMU never probes this way.',
  action: 'Compare the requested state with migration_flags in the evidence; fix the VMM.',
  on: ['mig_set_ret'],
  judge(_w, e, d, limits) {
    if (!d || e.miss) return STATE_UNKNOWN;
    if (e.ret === ENOTTY) return SILENT; // no migration at all on this device
    const t = d.transition;
    const from = !t || t.disturbed ? UNKNOWN : t.from;
    const why = refusal(from, e.requested, d.flags);
    if (!why && e.ret === 0) return KEPT;
    if (e.ret !== EINVAL) return SILENT; // the driver let it pass, or failed for another reason
    if (!why) return from === UNKNOWN ? STATE_UNKNOWN : SILENT;
    const probing = from === State.RUNNING && e.at - d.knownAt < limits.probingWithin;
    // A request from ERROR that reaches the core is a WARN_ON there, a panic with panic_on_warn.
    const severity = why === 'from-error' && t?.refused ? 'critical' : probing ? 'info' : 'warning';
    return broken(why, severity, { evidence: { migration_flags: d.flags } });
  },
});
