// SPDX-License-Identifier: Apache-2.0
import { State } from '../model/fsm.js';
import { EFAULT, EMFILE, ENFILE, interrupted } from './errno.js';
import { broken, KEPT, rule, SILENT, STATE_UNKNOWN, unknown } from './rule.js';

export const fsmTransitionFailed = rule({
  id: 'fsm-transition-failed',
  version: 1,
  statement: 'The driver should execute a permitted arc; a failed one may lose the migration.',
  says: 'If this function fails then current device_state may be the original operating state or some other state along the combination transition path.',
  where: 'include/uapi/linux/vfio.h, VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE',
  norm: 'N1',
  party: 'driver',
  severities: ['info', 'warning'],
  needs: ['migration-state', 'arcs'],
  decides:
    'SET_STATE returned an error after vfio_mig_get_next_state() had accepted at least one arc. A failure of RESUMING to STOP is a rejected load and not judged here, unless a signal was the reason.',
  benign: 'Interrupted by a signal (EINTR): info.',
  action:
    'Read the errno and the failing step in the evidence, then the driver and firmware log of that moment.',
  yieldsTo: ['resume-load-rejected'],
  on: ['mig_set_ret'],
  judge(_w, e, d) {
    const t = d?.transition;
    if (!d || !t || t.tid !== e.tid) return STATE_UNKNOWN;
    if (e.ret >= 0) return KEPT;
    const last = t.arcs.at(-1);
    if (!last) return SILENT; // refused before any arc
    if (d.state === State.ERROR) return SILENT; // error-state-entered has said so
    if (t.disturbed) return unknown('a reset or a second SET_STATE happened inside it');
    const evidence = { failing_step: last, steps: t.arcs.length, errno: e.ret, took_ns: e.at - t.at };
    if (interrupted(e.ret)) return broken('interrupted', 'info', { evidence });
    if (last.from === State.RESUMING && last.to === State.STOP) return SILENT;
    const fdLost = e.ret === EMFILE || e.ret === ENFILE || e.ret === EFAULT;
    if (fdLost && last.to === e.requested)
      return unknown('the arcs may have run and only the data_fd not been delivered');
    return broken('failed', 'warning', { evidence });
  },
});
