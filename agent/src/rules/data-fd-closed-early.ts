// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../model/device.js';
import { isIn, SAVE, State } from '../model/fsm.js';
import type { Session } from '../model/session.js';
import type { World } from '../model/world.js';
import { type DataReleaseEvent, type MigSetRetEvent, RingValue, type TickEvent } from '../wire/events.gen.js';
import type { Limits } from './limits.js';
import {
  broken,
  IN_TRANSITION,
  KEPT,
  OUT_OF_STEP,
  rule,
  SILENT,
  STATE_UNKNOWN,
  unknown,
  type Verdict,
} from './rule.js';

const LOSSY = unknown('reads of the data_fd may have been lost');
const MISSING = unknown('what followed may have been lost');

const evidence = (d: Device, s: Session) => ({
  session: s.id,
  state: d.stateName,
  bytes_read: s.bytesRead,
  bytes_written: s.bytesWritten,
});

function onRelease(e: DataReleaseEvent, d: Device): Verdict {
  const s = d.session;
  if (!s || s.id !== e.session) return SILENT;
  if (d.transition) return IN_TRANSITION;
  if (e.gen !== d.gen) return OUT_OF_STEP;
  if (s.endedAt >= 0 || s.eos) return KEPT;
  if (d.state < 0) return STATE_UNKNOWN;
  if (d.state === State.RESUMING) return broken('in-RESUMING', 'info', { evidence: evidence(d, s) });
  return s.lossy ? LOSSY : SILENT; // what follows tells a cancel from a mistake
}

/** The session whose fd was closed in the saving group before its end, if that is what we are in. */
function closedEarly(d: Device): Session | undefined {
  const s = d.session;
  const open = s?.direction === 'save' && s.endedAt < 0 && !s.eos && !s.lossy;
  return open && s.released && isIn(d.state, SAVE) ? s : undefined;
}

function onReturn(e: MigSetRetEvent, d: Device, limits: Limits): Verdict {
  const s = closedEarly(d);
  if (!s || e.ret < 0 || e.miss & 1 || e.requested !== State.RUNNING || d.transition?.disturbed)
    return SILENT;
  if (e.at - s.releasedAt >= limits.cancelWithin) return SILENT; // the ticks have said so
  return broken('cancel', 'info', { evidence: evidence(d, s) });
}

function onTick(w: World, e: TickEvent, d: Device, limits: Limits): Verdict {
  const s = closedEarly(d);
  if (!s || d.transition || e.at - s.releasedAt < limits.cancelWithin) return SILENT;
  if (w.mayHaveLost(RingValue.CRIT, s.releasedAt)) return MISSING;
  return broken('early', 'warning', { evidence: evidence(d, s) });
}

export const dataFdClosedEarly = rule({
  id: 'data-fd-closed-early',
  version: 1,
  statement: 'The data fd should stay open while its session is active.',
  says: 'The user is responsible to close this FD when it is finished.',
  where: 'include/uapi/linux/vfio.h, struct vfio_device_feature_mig_state',
  norm: 'N4',
  party: 'user',
  severities: ['info', 'warning'],
  needs: ['data-stream', 'migration-state'],
  decides:
    'The last fd of the session closed in the saving group before the end of the stream: back in RUNNING within 5 s, info (cancel), else a warning. In RESUMING: info.',
  benign:
    'QEMU that cancels in PRE_COPY closes first. A libvirt destination closes in RESUMING and leaves it at `cont`.',
  action: 'early: the VMM has dropped the stream and keeps the device in a saving state.',
  on: ['data_release', 'mig_set_ret', 'tick'],
  judge(w, e, d, limits) {
    if (!d) return SILENT;
    if (e.kind === 'data_release') return onRelease(e, d);
    return e.kind === 'tick' ? onTick(w, e, d, limits) : onReturn(e, d, limits);
  },
});
