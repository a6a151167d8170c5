// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../model/device.js';
import { isIn, SAVE, State, stateName, UNKNOWN } from '../model/fsm.js';
import { ZapCauseValue } from '../wire/events.gen.js';
import { broken, KEPT, rule, SILENT, STATE_UNKNOWN, unknown } from './rule.js';
import { sighting } from './sighting.js';

const ARCS_UNSEEN = unknown('the last SET_STATE failed, and no arc of it was seen');
const MAY_BE_OLDER = unknown('the GET may have read the state before the last landing');
const MAYBE_RESET = unknown('a reset that is not recorded (error recovery, the PF) also ends in RUNNING');
const MEMBER_OF_HOT_RESET = unknown('a hot reset of another device may have reset this one');

const SESSION = SAVE | (1 << State.RESUMING);

function failedUnseen(d: Device): boolean {
  const last = d.history.at(-1);
  return last !== undefined && last.ret < 0 && last.steps.length === 0;
}

/** The last SET_STATE claimed success and ended elsewhere: fsm-landed-elsewhere has said so. */
function neverArrived(d: Device): boolean {
  const last = d.history.at(-1);
  const step = last?.steps.at(-1);
  return last?.ret === 0 && step !== undefined && !step.endsWith(`→${last.requested}`);
}

export const fsmAsyncChange = rule({
  id: 'fsm-async-change',
  version: 1,
  statement: 'The device state must not change without SET_STATE or reset.',
  says: 'must not generate asynchronous device state transitions outside of manipulation by the user or the VFIO_DEVICE_RESET ioctl',
  where: 'include/uapi/linux/vfio.h, VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE',
  norm: 'N1',
  party: 'driver',
  severities: ['warning', 'critical'],
  needs: ['migration-state', 'arcs', 'reset'],
  decides:
    'GET, or the state in which a SET_STATE begins, is not the one that the last SET_STATE or sighting left. Out of the saving group or RESUMING: critical.',
  benign:
    'A return to RUNNING is unknown: an error recovery resets, and is not recorded. A change to ERROR is error-state-entered; a wrong state after open or reset is open-not-running, reset-not-running. A hot reset that another device was asked for: unknown.',
  action: 'Report to the driver, with its kernel messages of the time since the state was last known.',
  on: ['mig_get', 'mig_arc', 'v1_access'],
  judge(_w, e, d, limits) {
    if (!d) return SILENT;
    const s = sighting(e, d);
    if (!s || s.seen === State.ERROR || s.tracked === State.ERROR) return SILENT;
    if (s.how === 'open' || s.how === 'reset') return SILENT;
    if (s.tracked === UNKNOWN) return STATE_UNKNOWN;
    if (s.seen === s.tracked) return KEPT;
    if (neverArrived(d)) return SILENT;
    if (e.kind !== 'mig_arc' && s.age < limits.epsGet) return MAY_BE_OLDER;
    if (d.lastZapCause === ZapCauseValue.HOT_RESET && d.lastZapAt >= d.landedAt) return MEMBER_OF_HOT_RESET;
    if (s.seen === State.RUNNING) return MAYBE_RESET;
    if (failedUnseen(d)) return ARCS_UNSEEN;
    return broken(`to-${stateName(s.seen)}`, isIn(s.tracked, SESSION) ? 'critical' : 'warning', {
      evidence: { tracked: stateName(s.tracked), seen: stateName(s.seen), known_for_ns: s.age },
    });
  },
});
