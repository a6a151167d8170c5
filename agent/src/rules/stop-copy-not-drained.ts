// SPDX-License-Identifier: Apache-2.0
import { seesStream } from '../model/coverage.js';
import type { Device } from '../model/device.js';
import { HALT, isIn, State, stateName, UNKNOWN } from '../model/fsm.js';
import type { Session } from '../model/session.js';
import type { World } from '../model/world.js';
import { type CloseEvent, type MigSetRetEvent, RingValue, type TickEvent } from '../wire/events.gen.js';
import type { Limits } from './limits.js';
import { broken, KEPT, rule, SILENT, STATE_UNKNOWN, unknown, type Verdict } from './rule.js';

const LOSSY = unknown('reads of the data_fd may have been lost');
const UNSEEN = unknown('the start of the data session was not seen');
const NOT_OBSERVED = unknown("this driver's data_fd is not observed");
const MISSING = unknown('what followed may have been lost');

function evidence(s: Session, next: string) {
  return { session: s.id, bytes_read: s.bytesRead, next };
}

/** What forbids a verdict on the session, the verdict if its end was seen, else nothing. */
function settled(w: World, d: Device): Verdict | undefined {
  const s = d.session;
  if (s?.direction !== 'save') return UNSEEN;
  if (s.eos) return KEPT;
  if (s.lossy) return LOSSY;
  return seesStream(w.probes, d) ? undefined : NOT_OBSERVED;
}

/** Out of STOP_COPY, or on from the STOP that followed it. */
function onReturn(w: World, e: MigSetRetEvent, d: Device): Verdict {
  if (e.ret < 0) return SILENT;
  const t = d.transition;
  if (!t || t.disturbed || t.from === UNKNOWN || e.miss & 1) return STATE_UNKNOWN;
  const s = d.session;
  const afterwards = t.from === State.STOP && s?.undrained === true;
  if (t.from !== State.STOP_COPY && !afterwards) return SILENT;
  if (e.requested === t.from) return SILENT;
  const verdict = settled(w, d);
  if (verdict || !s) return verdict ?? UNSEEN;
  if (!isIn(e.requested, HALT))
    return broken('rollback', 'info', { evidence: evidence(s, stateName(e.requested)) });
  // A VMM that cancels while the guest is paused goes by STOP too: what follows tells.
  if (t.from === State.STOP_COPY && e.requested === State.STOP) return SILENT;
  if (afterwards && e.requested === State.STOP_COPY)
    return broken('restarted', 'info', { evidence: evidence(s, 'STOP_COPY') });
  return broken('incomplete', 'warning', { evidence: evidence(s, stateName(e.requested)) });
}

/** Neither gone on nor gone back: the stream was taken for the whole. */
function onTick(w: World, e: TickEvent, d: Device, limits: Limits): Verdict {
  const s = d.session;
  if (d.state !== State.STOP || !s?.undrained || d.transition) return SILENT;
  if (e.at - s.endedAt < limits.reactWithin || settled(w, d)) return SILENT;
  if (w.mayHaveLost(RingValue.CRIT, s.endedAt)) return MISSING;
  return broken('incomplete', 'warning', { evidence: evidence(s, 'STOP') });
}

function onClose(w: World, e: CloseEvent, d: Device): Verdict {
  const inStop = d.state === State.STOP && d.session?.undrained === true;
  if (e.last !== 1 || (d.state !== State.STOP_COPY && !inStop)) return SILENT;
  const verdict = settled(w, d);
  if (verdict || !d.session) return verdict ?? UNSEEN;
  // An orderly exit of the saving side claims success.
  const claimed = e.exiting === 1 && e.exitCode === 0;
  return claimed
    ? broken('incomplete-exit-0', 'critical', { evidence: evidence(d.session, 'close') })
    : broken('incomplete', 'warning', { evidence: evidence(d.session, 'close') });
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
    'STOP_COPY left without a read in STOP_COPY that returned 0. Back to RUNNING, directly or by STOP within a second: info (rollback); so is a second STOP_COPY from there (restarted). To STOP for longer, RESUMING or close: warning; close by exit(0): critical.',
  benign:
    'Cancelled and failed migrations roll back, and so does QEMU that is told to quit, or gets SIGTERM, at the switchover; QEMU that cancels with the guest paused goes by STOP to RUNNING.',
  action:
    'Warning or critical: the destination was given an incomplete device state, unless the VMM discarded it.',
  on: ['mig_set_ret', 'tick', 'close'],
  judge(w, e, d, limits) {
    if (!d) return SILENT;
    if (e.kind === 'mig_set_ret') return onReturn(w, e, d);
    return e.kind === 'tick' ? onTick(w, e, d, limits) : onClose(w, e, d);
  },
});
