// SPDX-License-Identifier: Apache-2.0
import { isIn, SAVE, State } from '../model/fsm.js';
import { ENODEV } from './errno.js';
import { broken, IN_TRANSITION, KEPT, OUT_OF_STEP, rule, SILENT, STATE_UNKNOWN } from './rule.js';

export const dataSessionKilled = rule({
  id: 'data-session-killed',
  version: 1,
  statement: 'A data session must not die while the user keeps the device in its state.',
  basis: 'the driver ends the data transfer session before close_device() returns or when the state is left',
  where:
    'include/linux/vfio.h, struct vfio_migration_ops; mlx5 puts the fd in error when the PF disables the VF',
  norm: 'N2',
  party: 'driver',
  severities: ['warning'],
  needs: ['data-stream', 'migration-state'],
  decides:
    'read() in the saving group, or write() in RESUMING, of the session that is open there, returned ENODEV, and no SET_STATE is under way.',
  benign:
    'A thread that races with the SET_STATE that leaves the state; the 5 s after a reset or a hot reset.',
  action: 'Look at the PF: sriov_numvfs, devlink reload, error recovery.',
  on: ['data_read', 'data_write'],
  ordinarily: { data_read: KEPT, data_write: KEPT },
  judge(w, e, d, limits) {
    if (!d) return STATE_UNKNOWN;
    const s = w.sessions.get(e.session);
    if (!s || s !== d.session) return SILENT;
    if (e.ret !== ENODEV) return s.endedAt < 0 && e.ret >= 0 ? KEPT : SILENT;
    if (d.transition) return IN_TRANSITION;
    if (e.gen !== d.gen) return OUT_OF_STEP;
    if (d.state < 0) return STATE_UNKNOWN;
    const fits = e.kind === 'data_read' ? isIn(d.state, SAVE) : d.state === State.RESUMING;
    if (!fits || s.endedAt >= 0) return SILENT;
    const wasReset = Math.max(d.lastResetAt, d.lastZapAt);
    if (wasReset >= 0 && e.at - wasReset < limits.resetExplains) return SILENT;
    const evidence = { session: s.id, bytes_read: s.bytesRead, bytes_written: s.bytesWritten };
    return broken(`in-${d.stateName}`, 'warning', { evidence });
  },
});
