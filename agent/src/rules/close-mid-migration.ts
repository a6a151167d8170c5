// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../model/device.js';
import { isIn, QUIET, SAVE, State, UNKNOWN } from '../model/fsm.js';
import { broken, KEPT, rule, type Severity, SILENT, STATE_UNKNOWN } from './rule.js';

const SIGNAL = 0x7f;

function severity(d: Device, crashed: boolean): Severity {
  if (crashed) return 'critical';
  if (d.state === State.RESUMING) return 'info';
  return d.state === State.STOP_COPY && d.session?.eos ? 'info' : 'warning';
}

export const closeMidMigration = rule({
  id: 'close-mid-migration',
  version: 1,
  statement: 'The device fd should not be closed in a saving, quiet or resuming state.',
  basis: 'the driver must end the data stream before close_device() returns',
  where: 'include/linux/vfio.h, struct vfio_migration_ops',
  norm: 'N4',
  party: 'user',
  severities: ['info', 'warning', 'critical'],
  needs: ['open-close', 'migration-state'],
  decides:
    'The last fd closed in PRE_COPY*, STOP_COPY, RUNNING_P2P or RESUMING. Killed by a signal: critical. STOP_COPY before its end, PRE_COPY*, RUNNING_P2P: warning. RESUMING, or STOP_COPY after its end: info.',
  benign: 'A source that succeeded closes in STOP. An incoming QEMU that fails exits in RESUMING.',
  action: 'Look for the crash or exit of the process in the evidence.',
  on: ['close'],
  judge(_w, e, d) {
    if (!d || e.last !== 1) return SILENT;
    if (d.state === UNKNOWN) return STATE_UNKNOWN;
    if (!isIn(d.state, SAVE | QUIET | (1 << State.RESUMING))) return KEPT;
    const signal = e.exiting ? e.exitCode & SIGNAL : 0;
    return broken(`in-${d.stateName}`, severity(d, signal !== 0), {
      evidence: {
        cause: signal ? 'crash' : e.exiting ? 'exit' : 'close',
        signal,
        exit_status: e.exiting ? e.exitCode >> 8 : null,
        bytes_read: d.session?.bytesRead ?? 0,
        bytes_written: d.session?.bytesWritten ?? 0,
        end_of_stream: d.session?.eos ?? false,
      },
    });
  },
});
