// SPDX-License-Identifier: Apache-2.0

import type { Transition } from '../model/device.js';
import { refusal, State, UNKNOWN } from '../model/fsm.js';
import type { World } from '../model/world.js';
import { RingValue, type TickEvent } from '../wire/events.gen.js';
import type { Limits } from './limits.js';
import { broken, IN_TRANSITION, KEPT, rule, SILENT, STATE_UNKNOWN, unknown, type Verdict } from './rule.js';

const MISSING = unknown('the return of SET_STATE may have been lost');

/** Is the SET_STATE in flight one that an unfixed kernel never returns from? */
export function spins(t: Transition, flags: number): boolean {
  if (t.disturbed || t.refused || t.arcs.length > 0) return false;
  return refusal(t.from, t.requested, flags) === 'blocked';
}

function onTick(w: World, e: TickEvent, t: Transition, limits: Limits): Verdict {
  const spinning = e.at - t.at;
  if (spinning < limits.spinConfirmed) return SILENT;
  if (w.mayHaveLost(RingValue.CRIT, t.at)) return MISSING;
  return broken('confirmed', 'critical', { evidence: { spinning_ns: spinning, tid: t.tid } });
}

export const fsmBlockedArcSpin = rule({
  id: 'fsm-blocked-arc-spin',
  version: 1,
  statement:
    'STOP_COPY to PRE_COPY or PRE_COPY_P2P must not be requested of a kernel that never returns from it.',
  says: 'These arcs are not permitted and return error if requested.',
  where:
    'include/uapi/linux/vfio.h, PRE_COPY; the endless loop: drivers/vfio/vfio_main.c, vfio_mig_get_next_state(), fixed by a26b499b757c',
  norm: 'N2',
  party: 'user',
  severities: ['critical'],
  scope: 'host',
  needs: ['migration-state', 'arcs'],
  decides:
    'At the entry of SET_STATE to PRE_COPY or PRE_COPY_P2P, supported by the device, in STOP_COPY: requested. A second later it has not returned: confirmed. A CPU then spins in the kernel with the state mutex held.',
  benign:
    'A kernel that was seen to refuse this arc has the fix: only fsm-arc-rejected then. Devices without PRE_COPY are refused before the loop.',
  action: 'Fix the VMM, update the kernel. confirmed: only a reboot frees the CPU and the device.',
  on: ['mig_set', 'tick'],
  judge(w, e, d, limits) {
    if (!d) return SILENT;
    const t = d.transition;
    if (e.kind === 'tick') return t && spins(t, d.flags) ? onTick(w, e, t, limits) : SILENT;
    if (e.miss || refusal(State.STOP_COPY, e.requested, d.flags) !== 'blocked')
      return d.state === State.STOP_COPY && !e.miss ? KEPT : SILENT;
    if (t) return IN_TRANSITION;
    if (d.state === UNKNOWN) return STATE_UNKNOWN;
    if (d.state !== State.STOP_COPY) return KEPT;
    if (w.refusesBlockedArc) return SILENT; // fixed: what is wrong with the request, fsm-arc-rejected says
    return broken('requested', 'critical', { evidence: { migration_flags: d.flags, tid: e.tid } });
  },
});
