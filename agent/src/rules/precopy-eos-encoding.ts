// SPDX-License-Identifier: Apache-2.0
import { isIn, State, UNKNOWN } from '../model/fsm.js';
import { ENOMSG } from './errno.js';
import { broken, IN_TRANSITION, KEPT, OUT_OF_STEP, rule, SILENT, STATE_UNKNOWN } from './rule.js';

const PRE_COPY_STATES = (1 << State.PRE_COPY) | (1 << State.PRE_COPY_P2P);

export const precopyEosEncoding = rule({
  id: 'precopy-eos-encoding',
  version: 1,
  statement:
    'The end of data for now is ENOMSG in PRE_COPY, the end of the stream is 0 in STOP_COPY, never the reverse.',
  says: 'ENOMSG may not be returned in STOP_COPY.',
  where: 'include/uapi/linux/vfio.h, struct vfio_precopy_info',
  norm: 'N1',
  party: 'driver',
  severities: ['info', 'critical'],
  needs: ['data-stream', 'migration-state'],
  decides:
    'read() gave ENOMSG in STOP_COPY: critical. It gave 0 in PRE_COPY or PRE_COPY_P2P: info. Other threads have 50 µs after a landing.',
  benign: '0 in PRE_COPY is what hisi_acc, qat and mtty do: recorded once an episode.',
  action: 'ENOMSG in STOP_COPY: the VMM waits for ever for the end; report to the driver.',
  on: ['data_read'],
  ordinarily: { data_read: SILENT },
  judge(w, e, d, limits) {
    if (e.ret > 0 || (e.ret !== ENOMSG && e.ret !== 0) || e.count === 0) return SILENT;
    if (!d || d.state === UNKNOWN) return STATE_UNKNOWN;
    if (d.transition) return IN_TRANSITION;
    if (e.gen !== d.gen) return OUT_OF_STEP;
    const s = w.sessions.get(e.session);
    if (!s || s !== d.session || s.endedAt >= 0) return SILENT; // what a dead fd answers means nothing
    // The reader of before the landing may still be on its way out.
    if (e.tid !== d.landedBy && e.at - d.landedAt < limits.epsCpu) return IN_TRANSITION;
    const precopy = isIn(d.state, PRE_COPY_STATES);
    if (e.ret === ENOMSG && d.state === State.STOP_COPY)
      return broken('enomsg_in_stop_copy', 'critical', { evidence: { session: e.session } });
    if (e.ret === 0 && precopy)
      return broken('zero_in_precopy', 'info', { evidence: { session: e.session } });
    return precopy || d.state === State.STOP_COPY ? KEPT : SILENT;
  },
});
