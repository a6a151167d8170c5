// SPDX-License-Identifier: Apache-2.0
import { State, stateName } from '../model/fsm.js';
import { broken, KEPT, rule, SILENT } from './rule.js';
import { sighting } from './sighting.js';

export const openNotRunning = rule({
  id: 'open-not-running',
  version: 1,
  statement: 'A freshly opened device must be in RUNNING.',
  says: 'A freshly opened device FD should always be in the RUNNING state',
  where: 'Gunthorpe, [PATCH RFC v3] vfio: Documentation for the migration region, 2021-12-07 (not merged)',
  norm: 'N3',
  party: 'driver',
  severities: ['warning'],
  needs: ['open-close', 'migration-state'],
  decides:
    'After an open that was seen, and before any SET_STATE: GET, or the state in which the first SET_STATE begins, is not RUNNING.',
  benign:
    'A device found open is not judged. ERROR is error-state-entered. A hot reset cannot put it elsewhere.',
  action: 'The driver must reset its migration state in open_device() or close_device().',
  on: ['mig_get', 'mig_arc', 'v1_access'],
  judge(_w, e, d) {
    const s = d && sighting(e, d);
    if (s?.how !== 'open' || s.tracked !== State.RUNNING || s.seen === State.ERROR) return SILENT;
    if (s.seen === State.RUNNING) return KEPT;
    return broken(`in-${stateName(s.seen)}`, 'warning', {
      norm: d?.v1 ? 'N1' : 'N3', // v1's text has a default, v2's has not
      evidence: { since_open_ns: s.age },
    });
  },
});
