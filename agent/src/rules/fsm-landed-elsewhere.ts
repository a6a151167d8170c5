// SPDX-License-Identifier: Apache-2.0

import type { Device } from '../model/device.js';
import { stateName, UNKNOWN } from '../model/fsm.js';
import type { World } from '../model/world.js';
import { type MigSetRetEvent, RingValue, type TickEvent } from '../wire/events.gen.js';
import type { Limits } from './limits.js';
import { broken, KEPT, rule, SILENT, STATE_UNKNOWN, unknown, type Verdict } from './rule.js';

const NO_ARCS = unknown('the arcs that were taken were not seen');
const MISSING = unknown('a reaction may have been lost');

/** Success must be exact: the last arc ends in the requested state. */
function onReturn(e: MigSetRetEvent, d: Device): Verdict {
  const t = d.transition;
  if (!t || t.tid !== e.tid) return STATE_UNKNOWN;
  const last = t.arcs.at(-1);
  if (e.ret < 0) return SILENT;
  if (t.disturbed) return unknown('a reset or a second SET_STATE happened inside it');
  if (!last) return t.from === e.requested ? KEPT : NO_ARCS;
  if (last.to === UNKNOWN) return NO_ARCS;
  if (last.to === e.requested) return KEPT;
  return broken('success-elsewhere', 'critical', {
    party: 'driver',
    evidence: { requested: stateName(e.requested), walked_to: stateName(last.to) },
  });
}

/** After a failure on the way the user must decide something. */
function onTick(w: World, e: TickEvent, d: Device, limits: Limits): Verdict {
  const f = d.failure;
  if (!f || f.stuckAt === f.from || f.stuckAt === f.requested) return SILENT;
  if (e.at - f.at < limits.reactWithin) return SILENT;
  if (w.mayHaveLost(RingValue.CRIT, f.at)) return MISSING;
  return broken('no-reaction', 'warning', {
    evidence: {
      from: stateName(f.from),
      requested: stateName(f.requested),
      stuck_at: stateName(f.stuckAt),
      failed_ns_ago: e.at - f.at,
    },
  });
}

export const fsmLandedElsewhere = rule({
  id: 'fsm-landed-elsewhere',
  version: 1,
  statement: 'After SET_STATE the device is where it was or where it was told to go, or the user reacts.',
  says: 'must fully transition the device to the new state value before the operation returns',
  where: 'include/uapi/linux/vfio.h, VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE',
  norm: 'N1',
  party: 'user',
  severities: ['warning', 'critical'],
  needs: ['migration-state', 'arcs'],
  decides:
    'Success, and the last arc did not end in the requested state: the driver. Failure on the way, and a second later neither RESET nor SET_STATE: the user.',
  benign: 'QEMU reacts at once with a recovery state or a reset. A reset inside the SET_STATE: not judged.',
  action:
    'success-elsewhere: report to the driver. no-reaction: the VMM must reset the device or set a state.',
  on: ['mig_set_ret', 'tick'],
  judge(w, e, d, limits) {
    if (!d) return SILENT;
    return e.kind === 'tick' ? onTick(w, e, d, limits) : onReturn(e, d);
  },
});
