// SPDX-License-Identifier: Apache-2.0
import { State, UNKNOWN } from '../model/fsm.js';
import { movedState, v1State } from '../model/v1.js';
import type { MigArcEvent, MigGetEvent, V1AccessEvent } from '../wire/events.gen.js';
import { broken, KEPT, rule, SILENT, STATE_UNKNOWN } from './rule.js';

/** The state that the driver names; UNKNOWN if it does not. */
function seenIn(e: MigArcEvent | MigGetEvent | V1AccessEvent): number {
  if (e.kind === 'mig_arc') return e.cur;
  if (e.kind === 'mig_get') return e.ret < 0 || e.miss ? UNKNOWN : e.state;
  return movedState(e) && !e.write ? v1State(e.value) : UNKNOWN;
}

export const errorStateEntered = rule({
  id: 'error-state-entered',
  version: 1,
  statement: 'The device should not go to ERROR.',
  says: 'the device was unable to execute the requested arc and was also unable to restore the device to any valid device_state',
  where: 'include/uapi/linux/vfio.h, VFIO_DEVICE_STATE_ERROR',
  norm: 'N1',
  party: 'driver',
  severities: ['critical'],
  needs: ['migration-state', 'arcs'],
  decides:
    'ERROR was seen twice, by GET or as the current state of an arc: 0 is also what uninitialised memory holds.',
  benign: 'None; of the in-tree drivers of 6.12 only pds uses ERROR.',
  action: 'Reset the device; look for the errno of the transition before it and for firmware messages.',
  on: ['mig_get', 'mig_arc', 'v1_access'],
  judge(_w, e, d) {
    if (!d) return STATE_UNKNOWN;
    const seen = seenIn(e);
    if (seen === UNKNOWN) return SILENT;
    if (seen !== State.ERROR) return KEPT;
    if (d.state === State.ERROR) return SILENT;
    // 110b of v1 is no accident.
    if (d.errorSeen === 0 && e.kind !== 'v1_access') return STATE_UNKNOWN;
    const before = d.history.at(-1);
    return broken('error', 'critical', {
      evidence: { before: d.state === UNKNOWN ? 'unknown' : d.stateName, last_set: before ?? null },
    });
  },
});
