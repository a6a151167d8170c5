// SPDX-License-Identifier: Apache-2.0
import { isIn, SAVE, UNKNOWN } from '../model/fsm.js';
import { arrival } from './arrival.js';
import { broken, KEPT, rule, SILENT, STATE_UNKNOWN, unknown } from './rule.js';
import { TRACKING_UNKNOWN, trackingKnown } from './tracking.js';

const IOMMUFD = unknown('the device is in no type1 container, and dirty tracking of iommufd is not observed');

export const dirtyTrackingAbsent = rule({
  id: 'dirty-tracking-absent',
  version: 1,
  statement: 'A source device should not save while nothing tracks what it dirties.',
  basis: 'tracking must be started before the memory that the device may write is copied',
  where: 'QEMU hw/vfio/migration.c refuses such a device by default; the uAPI is silent',
  norm: 'N4',
  party: 'user',
  severities: ['info'],
  needs: ['dirty-log', 'migration-state'],
  decides:
    'PRE_COPY*, or STOP_COPY, entered from outside with tracking on neither in the device nor in its type1 container.',
  benign: 'A guest that is stopped for the whole copy (Cloud Hypervisor snapshots).',
  action: 'A live migration must resend all memory after the stop.',
  on: ['mig_set_ret', 'v1_access'],
  judge(w, e, d) {
    const landing = d && arrival(e, d);
    if (!d || !landing || !isIn(landing.to, SAVE)) return SILENT;
    if (landing.from === UNKNOWN) return STATE_UNKNOWN;
    if (isIn(landing.from, SAVE)) return SILENT;
    if (d.logging || w.containers.get(d.container)?.tracking) return KEPT;
    if (!d.container) return IOMMUFD;
    for (const member of w.devicesOf(d.container)) if (!trackingKnown(w, member)) return TRACKING_UNKNOWN;
    return broken('absent', 'info', { evidence: { container: d.container } });
  },
});
