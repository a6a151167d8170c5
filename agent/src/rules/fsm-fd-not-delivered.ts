// SPDX-License-Identifier: Apache-2.0
import type { Failure } from '../model/device.js';
import { isIn, SAVE, State, stateName } from '../model/fsm.js';
import { EFAULT, EMFILE, ENFILE } from './errno.js';
import { broken, KEPT, rule, SILENT } from './rule.js';
import { sighting } from './sighting.js';

/** The last arc was the one that opens a session, and the error is one that handing the fd over can give. */
function mayHaveArrived(f: Failure): boolean {
  if (f.ret !== EMFILE && f.ret !== ENFILE && f.ret !== EFAULT) return false;
  const opens = f.requested === State.RESUMING || (isIn(f.requested, SAVE) && !isIn(f.from, SAVE));
  return opens && f.stepTo === f.requested;
}

export const fsmFdNotDelivered = rule({
  id: 'fsm-fd-not-delivered',
  version: 1,
  statement: 'A data session that the driver has opened must reach the user as an fd.',
  basis: 'On success, data_fd is the file descriptor of a new data transfer session',
  where:
    'include/uapi/linux/vfio.h, struct vfio_device_feature_mig_state; how it fails: drivers/vfio/vfio_main.c, vfio_ioct_mig_return_fd()',
  norm: 'N2',
  party: 'user',
  severities: ['warning'],
  needs: ['migration-state', 'arcs'],
  decides:
    'SET_STATE failed with EMFILE, ENFILE or EFAULT on the arc that opens a session, and the next GET or SET_STATE finds the device in the requested state: the arc had run.',
  benign: 'None known.',
  action: "Raise the VMM's RLIMIT_NOFILE; it must set another state or reset, as there is no stream.",
  on: ['mig_set_ret', 'mig_get', 'mig_arc'],
  judge(_w, e, d) {
    if (!d) return SILENT;
    if (e.kind === 'mig_set_ret') return e.ret === 0 && e.dataFd >= 0 ? KEPT : SILENT;
    const s = sighting(e, d);
    if (!s?.after || !mayHaveArrived(s.after)) return SILENT;
    if (s.seen !== s.after.requested) return SILENT; // the arc itself had failed
    return broken(`in-${stateName(s.seen)}`, 'warning', { evidence: { errno: s.after.ret } });
  },
});
