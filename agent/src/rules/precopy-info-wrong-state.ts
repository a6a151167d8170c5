// SPDX-License-Identifier: Apache-2.0
import { isIn, State, UNKNOWN } from '../model/fsm.js';
import { broken, IN_TRANSITION, KEPT, OUT_OF_STEP, rule, SILENT, STATE_UNKNOWN } from './rule.js';

const PRE_COPY_STATES = (1 << State.PRE_COPY) | (1 << State.PRE_COPY_P2P);

export const precopyInfoWrongState = rule({
  id: 'precopy-info-wrong-state',
  version: 1,
  statement: 'PRECOPY_INFO is asked for only in PRE_COPY or PRE_COPY_P2P.',
  says: 'This ioctl is valid only in PRE_COPY states',
  where: 'include/uapi/linux/vfio.h, VFIO_MIG_GET_PRECOPY_INFO',
  norm: 'N1',
  party: 'user',
  severities: ['info', 'warning'],
  needs: ['data-stream', 'migration-state'],
  decides:
    'PRECOPY_INFO outside those states, 100 ms after they were left: refused is info; answered is the driver’s fault, a warning.',
  benign: 'A race with the transition of another thread (the 100 ms).',
  action: 'The VMM should look at its own state first, as QEMU does.',
  on: ['precopy_info'],
  judge(_w, e, d, limits) {
    if (!d || d.state === UNKNOWN) return STATE_UNKNOWN;
    if (d.transition) return IN_TRANSITION;
    if (e.gen !== d.gen) return OUT_OF_STEP;
    if (isIn(d.state, PRE_COPY_STATES)) return KEPT;
    if (e.at - d.landedAt < limits.epsData) return SILENT;
    return e.ret < 0
      ? broken('refused', 'info', { evidence: { ret: e.ret } })
      : broken('answered', 'warning', { party: 'driver' });
  },
});
