// SPDX-License-Identifier: Apache-2.0
import { seesStream } from '../model/coverage.js';
import { HALT, isIn, State, stateName, UNKNOWN } from '../model/fsm.js';
import { arrival } from './arrival.js';
import { broken, KEPT, rule, SILENT, STATE_UNKNOWN, unknown } from './rule.js';

const LOSSY = unknown('writes to the data_fd may have been lost');
const NOT_OBSERVED = unknown("this driver's data_fd is not observed");
const UNSEEN = unknown('the start of the data session was not seen');

export const resumeWithoutData = rule({
  id: 'resume-without-data',
  version: 1,
  statement: 'A device leaves RESUMING towards RUNNING only after data was written.',
  basis: 'the migration driver incorporates the data delivered by write() into the device state',
  where: 'include/uapi/linux/vfio.h, RESUMING -> STOP',
  norm: 'N1',
  party: 'user',
  severities: ['warning'],
  needs: ['data-stream', 'migration-state'],
  decides:
    'SET_STATE from RESUMING to RUNNING, RUNNING_P2P or PRE_COPY* succeeded and no byte had been written. To STOP, reset and close are legal ways out.',
  benign: 'Driver test suites.',
  action: 'The guest runs on a device without its state: check what the VMM loaded.',
  on: ['mig_set_ret', 'v1_access'],
  judge(w, e, d) {
    const landing = d && arrival(e, d);
    if (!d || !landing || isIn(landing.to, HALT)) return SILENT;
    if (landing.from === UNKNOWN) return STATE_UNKNOWN;
    if (landing.from !== State.RESUMING) return SILENT;
    const s = d.session;
    if (s?.direction !== 'resume') return UNSEEN;
    if (s.bytesWritten > 0) return KEPT;
    if (s.lossy) return LOSSY;
    if (!seesStream(w.probes, d)) return NOT_OBSERVED;
    return broken('no-data', 'warning', {
      evidence: { session: s.id, next: stateName(landing.to) },
    });
  },
});
