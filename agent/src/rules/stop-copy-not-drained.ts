// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../model/device.js';
import type { Session } from '../model/session.js';
import { State, stateName } from '../model/fsm.js';
import type { CloseEvent, MigSetRetEvent } from '../wire/events.gen.js';
import { broken, KEPT, rule, SILENT, unknown, type Verdict } from './rule.js';

const LOSSY = unknown('reads of the data_fd may have been lost');
const UNSEEN = unknown('the start of the data session was not seen');

function evidence(s: Session, next: string) {
  return { session: s.id, bytes_read: s.bytesRead, next };
}

function onLeave(e: MigSetRetEvent, d: Device): Verdict {
  if (d.transition?.from !== State.STOP_COPY || e.ret < 0) return SILENT;
  if (e.requested === State.STOP_COPY) return SILENT;
  const s = d.session;
  if (!s) return UNSEEN;
  if (s.eos) return KEPT;
  if (s.lossy) return LOSSY;
  const running = e.requested === State.RUNNING || e.requested === State.RUNNING_P2P;
  return running
    ? broken('rollback', 'info', { evidence: evidence(s, stateName(e.requested)) })
    : broken('incomplete', 'warning', { evidence: evidence(s, stateName(e.requested)) });
}

function onClose(e: CloseEvent, d: Device): Verdict {
  if (e.last !== 1 || d.state !== State.STOP_COPY) return SILENT;
  const s = d.session;
  if (!s) return UNSEEN;
  if (s.eos) return KEPT;
  if (s.lossy) return LOSSY;
  // An orderly exit of the saving side claims success.
  const claimed = e.exiting === 1 && e.exitCode === 0;
  return broken('incomplete', claimed ? 'critical' : 'warning', { evidence: evidence(s, 'close') });
}

export const stopCopyNotDrained = rule({
  id: 'stop-copy-not-drained',
  version: 1,
  statement: 'STOP_COPY is left only after the stream has reached its end.',
  says: 'End of stream on the FD indicates the entire device state has been transferred.',
  where: 'include/uapi/linux/vfio.h, VFIO_DEVICE_STATE_STOP_COPY',
  norm: 'N1',
  party: 'user',
  severities: ['info', 'warning', 'critical'],
  needs: ['data-stream', 'migration-state', 'open-close'],
  decides:
    'STOP_COPY left without a read in STOP_COPY that returned 0. Back to RUNNING: info (rollback). To STOP, RESUMING or close: warning; close by exit(0): critical.',
  benign: 'Cancelled and failed migrations roll back.',
  action: 'Warning or critical: the destination was given an incomplete device state, unless the VMM discarded it.',
  on: ['mig_set_ret', 'close'],
  judge(_w, e, d) {
    if (!d) return SILENT;
    return e.kind === 'close' ? onClose(e, d) : onLeave(e, d);
  },
});
