// SPDX-License-Identifier: Apache-2.0
import { State, stateName } from '../model/fsm.js';
import { broken, KEPT, rule, SILENT, unknown } from './rule.js';
import { sighting } from './sighting.js';

const DEFERRED = unknown('the reset may not have taken effect yet');

export const resetNotRunning = rule({
  id: 'reset-not-running',
  version: 1,
  statement: 'After a completed reset the device must be in RUNNING.',
  says: 'VFIO_DEVICE_RESET must be used to return the device_state back to RUNNING',
  where: 'include/uapi/linux/vfio.h, VFIO_DEVICE_STATE_ERROR',
  norm: 'N1',
  party: 'driver',
  severities: ['critical'],
  needs: ['reset', 'migration-state'],
  decides:
    'After a reset that succeeded, and before any SET_STATE: GET, or the state in which a SET_STATE begins, is not RUNNING, 100 ms later or more.',
  benign: 'mlx5 defers the reset while its state mutex is held: the 100 ms. ERROR is error-state-entered.',
  action: 'The driver must set its state in reset_done(); close the device, its state is not to be trusted.',
  on: ['mig_get', 'mig_arc', 'v1_access'],
  judge(_w, e, d, limits) {
    const s = d && sighting(e, d);
    if (s?.how !== 'reset' || s.tracked !== State.RUNNING || s.seen === State.ERROR) return SILENT;
    if (s.seen === State.RUNNING) return KEPT;
    if (s.age < limits.epsReset) return DEFERRED;
    return broken(`in-${stateName(s.seen)}`, 'critical', { evidence: { since_reset_ns: s.age } });
  },
});
