// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../model/device.js';
import { isIn, QUIET, SAVE, State, UNKNOWN } from '../model/fsm.js';
import { type ResetEvent, ResetKindValue } from '../wire/events.gen.js';
import type { Limits } from './limits.js';
import { broken, IN_TRANSITION, KEPT, rule, type Severity, SILENT, STATE_UNKNOWN } from './rule.js';

type Why = 'recovery' | 'resume-abort' | 'foreign' | 'guest-reboot' | 'unexplained';

const MID = SAVE | QUIET | (1 << State.RESUMING);

function classify(e: ResetEvent, d: Device, state: number, limits: Limits): Why {
  const f = d.failure;
  // From its beginning: a slow reset is no late one.
  if (f && f.tgid === e.tgid && e.began - f.at <= limits.reactWithin) return 'recovery';
  if (e.tgid !== d.tgid) return 'foreign';
  if (state === State.RESUMING) return 'resume-abort';
  if (state === State.PRE_COPY) return 'guest-reboot';
  return 'unexplained';
}

function severity(why: Why, d: Device, state: number): Severity {
  if (why === 'recovery' || why === 'resume-abort') return 'info';
  if (why === 'foreign') return 'critical';
  return why === 'unexplained' && state === State.STOP_COPY && !d.session?.eos ? 'critical' : 'warning';
}

export const resetDuringMigration = rule({
  id: 'reset-during-migration',
  version: 1,
  statement: 'A reset in the middle of a migration destroys its state and returns the device to RUNNING.',
  says: 'must not generate asynchronous device state transitions outside of manipulation by the user or the VFIO_DEVICE_RESET ioctl',
  where:
    'include/uapi/linux/vfio.h, VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE; on RESUMING: "To abort a RESUMING session the device must be reset."',
  norm: 'N1',
  party: 'user',
  severities: ['info', 'warning', 'critical'],
  needs: ['reset', 'migration-state'],
  decides:
    'A reset completed in PRE_COPY*, STOP_COPY, RUNNING_P2P, RESUMING, or after a failed SET_STATE. By the process whose SET_STATE failed a second ago: recovery (info). In RESUMING: the prescribed abort (info). In PRE_COPY: the guest rebooted (warning). By another process: critical. In STOP_COPY before its end: critical.',
  benign:
    'QEMU resets after any failed stop or start arc: recovery. A hot reset that was asked of another device: hot-reset-collateral.',
  action: 'guest-reboot: migrate again. foreign: find who resets (sysfs, other tools). unexplained: the VMM.',
  on: ['reset'],
  judge(_w, e, d, limits) {
    if (!d || e.ret < 0 || e.resetKind === ResetKindValue.COLLATERAL) return SILENT;
    // After a failed SET_STATE: where its last arc began.
    const state = d.state === UNKNOWN && d.failure ? d.failure.stuckAt : d.state;
    const why = classify(e, d, state, limits);
    if (!isIn(state, MID)) {
      if (d.transition) return IN_TRANSITION;
      if (d.state !== UNKNOWN) return KEPT;
      if (why !== 'recovery') return STATE_UNKNOWN;
    }
    return broken(why, severity(why, d, state), {
      evidence: { reset_kind: e.resetKind, bytes_read: d.session?.bytesRead ?? 0, took_ns: e.at - e.began },
    });
  },
});
