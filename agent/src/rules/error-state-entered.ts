// SPDX-License-Identifier: Apache-2.0
import { State, UNKNOWN } from '../model/fsm.js';
import { broken, KEPT, rule, SILENT, STATE_UNKNOWN } from './rule.js';

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
  on: ['mig_get', 'mig_arc'],
  judge(_w, e, d) {
    if (!d) return STATE_UNKNOWN;
    if (e.kind === 'mig_get' && (e.ret < 0 || e.miss)) return SILENT;
    const seen = e.kind === 'mig_get' ? e.state : e.cur;
    if (seen !== State.ERROR) return KEPT;
    if (d.state === State.ERROR) return SILENT;
    if (d.errorSeen === 0) return STATE_UNKNOWN;
    const before = d.history.at(-1);
    return broken('error', 'critical', {
      evidence: { before: d.state === UNKNOWN ? 'unknown' : d.stateName, last_set: before ?? null },
    });
  },
});
