// SPDX-License-Identifier: Apache-2.0
import { stateName } from '../model/fsm.js';
import { RingValue } from '../wire/events.gen.js';
import { spins } from './fsm-blocked-arc-spin.js';
import { broken, KEPT, rule, SILENT, STATE_UNKNOWN, unknown } from './rule.js';

const MISSING = unknown('the return of SET_STATE may have been lost');
const TWO_AT_ONCE = unknown('a reset or a second SET_STATE happened inside it');

export const fsmTransitionStuck = rule({
  id: 'fsm-transition-stuck',
  version: 1,
  statement: 'SET_STATE should return in time.',
  says: 'must fully transition the device to the new state value before the operation returns',
  where: 'include/uapi/linux/vfio.h, VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE; how long is for operation to say',
  norm: 'N4',
  party: 'driver',
  severities: ['warning', 'critical'],
  needs: ['migration-state'],
  decides: 'A SET_STATE entered and has not returned: 5 s warning, 60 s critical.',
  benign:
    'Loading a state of many GiB; busy firmware. The endless loop of the blocked arc is fsm-blocked-arc-spin.',
  action: 'The last step is in the evidence; look at /proc/TID/stack and at firmware messages.',
  on: ['tick', 'mig_set_ret'],
  judge(w, e, d, limits) {
    if (!d) return SILENT;
    const t = d.transition;
    if (e.kind === 'mig_set_ret') {
      if (!t) return STATE_UNKNOWN;
      return e.at - t.at < limits.transitionStuck ? KEPT : SILENT; // late: the ticks have said so
    }
    const since = t ? e.at - t.at : 0;
    if (!t || since < limits.transitionStuck || spins(t, d.flags)) return SILENT;
    if (w.mayHaveLost(RingValue.CRIT, t.at)) return MISSING;
    if (t.disturbed) return TWO_AT_ONCE;
    const step = t.arcs.at(-1);
    const evidence = {
      requested: stateName(t.requested),
      step: step ? `${stateName(step.from)}→${stateName(step.to)}` : 'before the first arc',
      since_ns: since,
      tid: t.tid,
    };
    return since < limits.transitionStuckCritical
      ? broken('slow', 'warning', { evidence })
      : broken('stuck', 'critical', { evidence });
  },
});
