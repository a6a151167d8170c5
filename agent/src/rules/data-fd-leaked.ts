// SPDX-License-Identifier: Apache-2.0
import { seesStream } from '../model/coverage.js';
import { RingValue } from '../wire/events.gen.js';
import { broken, KEPT, rule, SILENT, unknown } from './rule.js';

const UNSEEN = unknown('whether the data_fd was closed was not seen');

export const dataFdLeaked = rule({
  id: 'data-fd-leaked',
  version: 1,
  statement: 'The data fd should be closed soon after its session has ended.',
  says: 'The user is responsible to close this FD when it is finished.',
  where: 'include/uapi/linux/vfio.h, struct vfio_device_feature_mig_state',
  norm: 'N4',
  party: 'user',
  severities: ['info'],
  needs: ['data-stream', 'migration-state'],
  decides: "The last session's fd is still open 60 s after the device left the session's states.",
  benign: 'An fd that was handed to a helper process.',
  action: 'The driver keeps the buffers of the session for as long as the fd is open.',
  on: ['tick', 'data_release'],
  judge(w, e, d, limits) {
    const s = d?.session;
    if (!d || !s || s.endedAt < 0 || s.released) return SILENT;
    const age = e.at - s.endedAt;
    if (e.kind === 'data_release') return e.session === s.id && age < limits.fdLeaked ? KEPT : SILENT;
    if (age < limits.fdLeaked) return SILENT;
    if (!seesStream(w.probes, d) || w.mayHaveLost(RingValue.CRIT, s.endedAt)) return UNSEEN;
    return broken('open', 'info', { evidence: { session: s.id, since_ended_ns: age } });
  },
});
