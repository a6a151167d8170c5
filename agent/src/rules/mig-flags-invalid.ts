// SPDX-License-Identifier: Apache-2.0
import { MIG_P2P, MIG_PRE_COPY, MIG_STOP_COPY } from '../model/fsm.js';
import { broken, KEPT, rule, SILENT, unknown } from './rule.js';

const DEFINED = MIG_STOP_COPY | MIG_P2P | MIG_PRE_COPY;
const UNREAD = unknown('the migration flags could not be read');

export const migFlagsInvalid = rule({
  id: 'mig-flags-invalid',
  version: 1,
  statement: 'A driver must advertise a combination of migration flags that the uAPI defines.',
  says: 'at least VFIO_MIGRATION_STOP_COPY must be set',
  where:
    'include/uapi/linux/vfio.h, VFIO_DEVICE_FEATURE_MIGRATION; also: "Other combinations of flags have behavior to be defined in the future."',
  norm: 'N1',
  party: 'driver',
  severities: ['warning'],
  needs: ['open-close'],
  decides:
    'A device with migration whose flags lack STOP_COPY or have bits other than STOP_COPY, P2P, PRE_COPY.',
  benign: 'A kernel newer than this agent may define more bits.',
  action: 'Report to the driver; vfio-pci itself refuses the first case.',
  on: ['device'],
  judge(_w, e) {
    if (e.hasMigOps !== 1) return SILENT;
    if (e.miss) return UNREAD;
    const evidence = { migration_flags: `0x${e.flags.toString(16)}` };
    if (!(e.flags & MIG_STOP_COPY)) return broken(`no-stop-copy-${e.name}`, 'warning', { evidence });
    if (e.flags & ~DEFINED) return broken(`undefined-bits-${e.name}`, 'warning', { evidence });
    return KEPT;
  },
});
