// SPDX-License-Identifier: Apache-2.0
import type { Device, Failure } from '../model/device.js';
import { refusal, State, stateName } from '../model/fsm.js';
import type { World } from '../model/world.js';
import { type MigSetEvent, RingValue, type TickEvent } from '../wire/events.gen.js';
import { interrupted } from './errno.js';
import type { Limits } from './limits.js';
import { broken, KEPT, rule, SILENT, unknown, type Verdict } from './rule.js';

const MISSING = unknown('the reset may have been lost');
const LOSSY = unknown('a later write may have been lost');

/** The driver did not take the data in: this session can only be aborted. */
function rejectedLoad(f: Failure | undefined): Failure | undefined {
  if (f?.stuckAt !== State.RESUMING || f.stepTo !== State.STOP || interrupted(f.ret)) return undefined;
  return f;
}

/** RESUMING is left by SET_STATE although its last write failed. */
function onSet(w: World, e: MigSetEvent, d: Device): Verdict {
  const f = rejectedLoad(d.failure);
  if (f) return broken('walked-on', 'warning', { evidence: { errno: f.ret, next: stateName(e.requested) } });
  const s = d.session;
  if (d.state !== State.RESUMING || s?.direction !== 'resume' || d.transition || e.miss) return SILENT;
  if (e.requested === State.RESUMING || refusal(d.state, e.requested, d.flags)) return SILENT;
  if (s.lastWriteRet >= 0 || interrupted(s.lastWriteRet)) return SILENT;
  if (s.lossy || w.mayHaveLost(RingValue.BULK, s.openedAt)) return LOSSY;
  const evidence = { write_errno: s.lastWriteRet, next: stateName(e.requested) };
  return broken('left-after-failed-write', 'warning', { evidence });
}

function onTick(w: World, e: TickEvent, d: Device, limits: Limits): Verdict {
  const f = rejectedLoad(d.failure);
  if (!f || e.at - f.at < limits.reactWithin) return SILENT;
  if (w.mayHaveLost(RingValue.CRIT, f.at)) return MISSING;
  return broken('not-reset', 'warning', { evidence: { errno: f.ret, failed_ns_ago: e.at - f.at } });
}

export const resumingAbortWithoutReset = rule({
  id: 'resuming-abort-without-reset',
  version: 1,
  statement: 'A RESUMING session that cannot be completed must be aborted by a reset.',
  says: 'To abort a RESUMING session the device must be reset.',
  where: 'include/uapi/linux/vfio.h, VFIO_DEVICE_STATE_RESUMING',
  norm: 'N1',
  party: 'user',
  severities: ['warning'],
  needs: ['migration-state', 'arcs', 'reset', 'open-close'],
  decides:
    'RESUMING to STOP failed, and the next operation is a SET_STATE, or a second later there was neither reset nor close; or RESUMING is left by SET_STATE after a write that failed. That a stream was incomplete is not observed otherwise.',
  benign: 'Closing the device is an abort too. A SET_STATE or write that a signal interrupted is repeated.',
  action: 'The VMM must reset the device before it is used for anything else.',
  on: ['mig_set', 'tick', 'reset', 'close'],
  judge(w, e, d, limits) {
    if (!d) return SILENT;
    if (e.kind === 'mig_set') return onSet(w, e, d);
    if (e.kind === 'tick') return onTick(w, e, d, limits);
    if (e.kind === 'reset' ? e.ret < 0 : e.last !== 1) return SILENT;
    return d.state === State.RESUMING || rejectedLoad(d.failure) ? KEPT : SILENT;
  },
});
