// SPDX-License-Identifier: Apache-2.0
import { State } from '../model/fsm.js';
import { broken, KEPT, rule, SILENT, unknown } from './rule.js';

const NOT_ASKED = unknown('the user never asked for the estimate (PRECOPY_INFO)');
const LOSSY = unknown('reads of the data_fd may have been lost');

export const precopyLeftEarly = rule({
  id: 'precopy-left-early',
  version: 1,
  statement: 'PRE_COPY should be left for STOP_COPY only when its initial bytes have been read.',
  says: 'It is recommended to leave PRE_COPY for STOP_COPY only after this field reaches zero.',
  where: 'include/uapi/linux/vfio.h, struct vfio_precopy_info, initial_bytes',
  norm: 'N1',
  party: 'user',
  severities: ['info'],
  needs: ['data-stream', 'migration-state'],
  decides:
    'At the SET_STATE to STOP_COPY: initial_bytes of the last PRECOPY_INFO is more than what has been read since.',
  benign: 'A recommendation; QEMU guarantees it only with switchover-ack.',
  action: 'Expect a longer blackout: what was not read ahead is read in STOP_COPY.',
  on: ['mig_set'],
  judge(_w, e, d) {
    if (!d || e.miss || e.requested !== State.STOP_COPY) return SILENT;
    if (d.state !== State.PRE_COPY && d.state !== State.PRE_COPY_P2P) return SILENT;
    const s = d.session;
    if (!s || s.initialBytes < 0) return NOT_ASKED;
    const left = s.initialBytes - (s.bytesRead - s.bytesReadAtInfo);
    if (left <= 0) return KEPT;
    return s.lossy ? LOSSY : broken('initial-bytes-left', 'info', { evidence: { bytes_left: left } });
  },
});
