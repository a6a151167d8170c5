// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../model/device.js';
import { isIn, QUIET, SAVE, State, UNKNOWN } from '../model/fsm.js';
import type { ResetEvent } from '../wire/events.gen.js';
import type { Limits } from './limits.js';
import { broken, KEPT, rule, SILENT, STATE_UNKNOWN, type Severity } from './rule.js';

type Why = 'recovery' | 'resume-abort' | 'foreign' | 'guest-reboot' | 'unexplained';

function classify(e: ResetEvent, d: Device, limits: Limits): Why {
  const f = d.failure;
  if (f && f.tgid === e.tgid && e.at - f.at <= limits.reactWithin) return 'recovery';
  if (e.tgid !== d.tgid) return 'foreign';
  if (d.state === State.RESUMING) return 'resume-abort';
  if (d.state === State.PRE_COPY) return 'guest-reboot';
  return 'unexplained';
}

function severity(why: Why, d: Device): Severity {
  if (why === 'recovery' || why === 'resume-abort') return 'info';
  if (why === 'foreign') return 'critical';
  return why === 'unexplained' && d.state === State.STOP_COPY && !d.session?.eos
    ? 'critical'
    : 'warning';
}

export const resetDuringMigration = rule({
  id: 'reset-during-migration',
  version: 1,
  statement: 'A reset in the middle of a migration destroys its state and returns the device to RUNNING.',
  says: 'must not generate asynchronous device state transitions outside of manipulation by the user or the VFIO_DEVICE_RESET ioctl',
  where: 'include/uapi/linux/vfio.h, VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE; on RESUMING: "To abort a RESUMING session the device must be reset."',
  norm: 'N1',
  party: 'user',
  severities: ['info', 'warning', 'critical'],
  needs: ['reset', 'migration-state'],
  decides:
    'A reset completed in PRE_COPY*, STOP_COPY, RUNNING_P2P, RESUMING, or after a failed SET_STATE. By the process whose SET_STATE failed a second ago: recovery (info). In RESUMING: the prescribed abort (info). In PRE_COPY: the guest rebooted (warning). By another process: critical. In STOP_COPY before its end: critical.',
  benign: 'QEMU resets after any failed stop or start arc: recovery.',
  action: 'guest-reboot: migrate again. foreign: find who resets (sysfs, other tools). unexplained: the VMM.',
  on: ['reset'],
  judge(_w, e, d, limits) {
    if (!d || e.ret < 0) return SILENT;
    if (d.state === UNKNOWN && !d.failure) return STATE_UNKNOWN;
    const mid = isIn(d.state, SAVE | QUIET | (1 << State.RESUMING));
    if (!mid && !d.failure) return KEPT;
    const why = classify(e, d, limits);
    return broken(why, severity(why, d), {
      evidence: { reset_kind: e.resetKind, bytes_read: d.session?.bytesRead ?? 0, took_ns: e.at - e.began },
    });
  },
});
