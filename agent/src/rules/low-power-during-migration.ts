// SPDX-License-Identifier: Apache-2.0
import { State, UNKNOWN } from '../model/fsm.js';
import { broken, IN_TRANSITION, KEPT, OUT_OF_STEP, rule, SILENT, STATE_UNKNOWN } from './rule.js';

const EXIT = 5;

export const lowPowerDuringMigration = rule({
  id: 'low-power-during-migration',
  version: 1,
  statement: 'A device must not enter low power in the middle of a migration.',
  says: "Access to mmap'd device regions is disabled on LOW_POWER_ENTRY",
  where: 'include/uapi/linux/vfio.h, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY',
  norm: 'N4',
  party: 'user',
  severities: ['info', 'warning'],
  needs: ['migration-state'],
  decides:
    'LOW_POWER_ENTRY succeeded outside RUNNING. In STOP: info, else warning. D3hot by a config write is not told apart yet.',
  benign: 'A guest that put the function to sleep before the migration.',
  action: 'The VMM must wake the device before it migrates it.',
  on: ['low_power'],
  judge(_w, e, d) {
    if (e.ret < 0 || e.feature === EXIT) return SILENT;
    if (!d || d.state === UNKNOWN) return STATE_UNKNOWN;
    if (d.transition) return IN_TRANSITION;
    if (e.gen !== d.gen) return OUT_OF_STEP;
    if (d.state === State.RUNNING) return KEPT;
    return broken(`entry-in-${d.stateName}`, d.state === State.STOP ? 'info' : 'warning');
  },
});
