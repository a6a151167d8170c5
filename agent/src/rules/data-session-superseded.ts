// SPDX-License-Identifier: Apache-2.0
import { seesStream } from '../model/coverage.js';
import type { Device } from '../model/device.js';
import type { World } from '../model/world.js';
import { type DataReleaseEvent, type MigSetRetEvent, RingValue } from '../wire/events.gen.js';
import type { Limits } from './limits.js';
import { broken, KEPT, rule, SILENT, type Unknown, unknown, type Verdict } from './rule.js';

const UNSEEN = unknown('whether the data_fd before it was closed was not seen');

const unseen = (w: World, d: Device, since: number): Unknown | undefined =>
  seesStream(w.probes, d) && !w.mayHaveLost(RingValue.CRIT, since) ? undefined : UNSEEN;

function onReturn(w: World, e: MigSetRetEvent, d: Device): Verdict {
  const old = d.session;
  if (e.ret < 0 || !e.session || !old) return SILENT;
  if (old.released) return KEPT;
  const evidence = { session: e.session, before: old.id, before_ended: old.endedAt >= 0 };
  return unseen(w, d, old.openedAt) ?? broken('superseded', 'info', { evidence });
}

/** The user got an fd that it did not expect, and drops it at once, the old one still in its hand. */
function onRelease(w: World, e: DataReleaseEvent, d: Device, limits: Limits): Verdict {
  const s = d.session;
  if (s?.id !== e.session || !s.supersedes || s.supersedes.released || s.endedAt >= 0) return SILENT;
  if (e.at - s.openedAt >= limits.outOfSyncWithin) return SILENT;
  const evidence = { session: s.id, held_ns: e.at - s.openedAt };
  return unseen(w, d, s.openedAt) ?? broken('out-of-sync', 'warning', { evidence });
}

export const dataSessionSuperseded = rule({
  id: 'data-session-superseded',
  version: 1,
  statement: 'The fd of one data session should be closed before the next begins.',
  says: 'The user is responsible to close this FD when it is finished.',
  where: 'include/uapi/linux/vfio.h, struct vfio_device_feature_mig_state',
  norm: 'N1',
  party: 'user',
  severities: ['info', 'warning'],
  needs: ['data-stream', 'migration-state'],
  decides:
    'A SET_STATE opened a session while the fd of the one before was open: info. The new fd closed again within 10 ms, before the old one and before its session was over: warning, the user and the kernel disagree about the state.',
  benign: 'An fd abandoned when the guest rebooted in PRE_COPY.',
  action: 'out-of-sync: the VMM missed a reset; its migration has failed.',
  on: ['mig_set_ret', 'data_release'],
  judge(w, e, d, limits) {
    if (!d) return SILENT;
    return e.kind === 'mig_set_ret' ? onReturn(w, e, d) : onRelease(w, e, d, limits);
  },
});
