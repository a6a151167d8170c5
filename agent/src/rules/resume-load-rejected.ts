// SPDX-License-Identifier: Apache-2.0
import { State, stateName } from '../model/fsm.js';
import { interrupted } from './errno.js';
import { broken, KEPT, rule, SILENT, STATE_UNKNOWN, unknown } from './rule.js';

const CUT_SHORT = unknown('a signal cut the load short: the driver has neither taken nor refused it');

export const resumeLoadRejected = rule({
  id: 'resume-load-rejected',
  version: 1,
  statement: 'The driver should accept the loaded state when RESUMING is left.',
  says: 'the migration driver must fail the SET_STATE ioctl and optionally go to the ERROR state',
  where: 'include/uapi/linux/vfio.h, RESUMING -> STOP',
  norm: 'N1',
  party: 'user',
  severities: ['critical'],
  needs: ['migration-state', 'arcs'],
  decides:
    'SET_STATE from RESUMING failed, and the step that failed is RESUMING to STOP, where the driver takes the data in. Interrupted by a signal (EINTR): unknown.',
  benign: 'None: the contract is upheld, the destination cannot run.',
  action: 'bytes_written 0: the VMM loaded nothing. Else compare driver and firmware versions of both hosts.',
  on: ['mig_set_ret'],
  judge(_w, e, d) {
    const t = d?.transition;
    if (!d || !t || t.tid !== e.tid) return STATE_UNKNOWN;
    const loading = t.arcs.find((a) => a.from === State.RESUMING && a.to === State.STOP);
    if (!loading) return SILENT;
    if (e.ret >= 0 || t.arcs.at(-1) !== loading) return KEPT;
    if (interrupted(e.ret)) return CUT_SHORT;
    return broken('rejected', 'critical', {
      evidence: {
        errno: e.ret,
        requested: stateName(e.requested),
        bytes_written: d.session?.bytesWritten ?? 0,
        took_ns: e.at - t.at,
      },
    });
  },
});
