// SPDX-License-Identifier: Apache-2.0
import { HALT, isIn, UNKNOWN } from '../model/fsm.js';
import { RingValue } from '../wire/events.gen.js';
import { arrival } from './arrival.js';
import { broken, KEPT, rule, SILENT, STATE_UNKNOWN, unknown } from './rule.js';

const MAPPED_BEFORE = unknown('mappings may have been made that were not seen');

export const mmioMappingLiveWhileHalted = rule({
  id: 'mmio-mapping-live-while-halted',
  version: 1,
  statement:
    'When a device halts, no BAR mapping should be in place through which it can still be touched unseen.',
  says: 'a zap for migration would have to be a little different than a zap for reset',
  where: 'Gunthorpe, 2021-11-01, 20211101172506.GC2744544@nvidia.com; no merged text asks for it',
  norm: 'N3',
  party: 'kernel',
  severities: ['info', 'warning'],
  needs: ['mmio-fault', 'zap', 'migration-state'],
  decides:
    'At the landing in STOP, STOP_COPY or RESUMING: BAR faults were answered since the last zap. Faults are only recorded outside RUNNING, so this counts those of the episode.',
  benign:
    'Exposure, not access: nothing in the kernel zaps on SET_STATE. munmap is not seen: an upper bound.',
  action: 'None in profile uapi; with vCPUs stopped nothing uses the mapping.',
  on: ['mig_set_ret', 'v1_access'],
  judge(w, e, d) {
    const landing = d && arrival(e, d);
    if (!d || !landing || !isIn(landing.to, HALT)) return SILENT;
    if (landing.from === UNKNOWN) return STATE_UNKNOWN;
    if (isIn(landing.from, HALT)) return SILENT;
    if (d.mmaps === 0) return d.openSeen && !w.mayHaveLost(RingValue.CRIT, d.knownAt) ? KEPT : MAPPED_BEFORE;
    if (d.faultsSinceZap === 0) return SILENT; // mapped before, perhaps: nothing was seen
    return broken('live', 'info', {
      strict: 'warning',
      evidence: { mmaps: d.mmaps, faults_since_zap: d.faultsSinceZap },
    });
  },
});
