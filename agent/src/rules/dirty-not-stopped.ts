// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../model/device.js';
import { State } from '../model/fsm.js';
import type { World } from '../model/world.js';
import { type DirtyLogEvent, DirtyOpValue, type TickEvent } from '../wire/events.gen.js';
import type { Limits } from './limits.js';
import { broken, KEPT, rule, SILENT, type Verdict } from './rule.js';
import { TRACKING_UNKNOWN, trackingKnown } from './tracking.js';

function onLog(w: World, e: DirtyLogEvent, d: Device): Verdict {
  if (e.container || e.op !== DirtyOpValue.STOP || e.ret < 0) return SILENT;
  if (!trackingKnown(w, d)) return TRACKING_UNKNOWN;
  return d.logging ? KEPT : broken('stop-without-start', 'info');
}

/** The migration is over: it saved, its fd is closed, and the device serves the guest again. */
function onTick(w: World, e: TickEvent, d: Device, limits: Limits): Verdict {
  const s = d.session;
  if (!d.logging || d.state !== State.RUNNING || d.transition || s?.direction !== 'save') return SILENT;
  if (s.openedAt < d.loggingAt || !s.released) return SILENT;
  const since = Math.max(d.landedAt, s.releasedAt);
  if (e.at - since < limits.trackingLeft) return SILENT;
  if (!trackingKnown(w, d)) return TRACKING_UNKNOWN;
  return broken('running', 'warning', { evidence: { since_migration_ns: e.at - since } });
}

export const dirtyNotStopped = rule({
  id: 'dirty-not-stopped',
  version: 1,
  statement: 'Every DMA_LOGGING_START should be followed by a STOP.',
  says: 'a matching stop should follow at the end',
  where: 'include/uapi/linux/vfio.h, VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP',
  norm: 'N1',
  party: 'user',
  severities: ['info', 'warning'],
  needs: ['dirty-log', 'open-close'],
  decides:
    'The device was closed while it tracked: info. It is RUNNING again, the data_fd of its migration closed, and tracks for 60 s more: warning. A STOP without START: info.',
  benign:
    'A QEMU source that succeeded never stops the log: it exits. pds stops by itself when STOP_COPY is left. A guest paused and continued in pre-copy still migrates: its data_fd is open.',
  action: 'running: tracking costs performance; the VMM must stop it.',
  on: ['dirty_log', 'tick', 'close'],
  ordinarily: { dirty_log: SILENT },
  judge(w, e, d, limits) {
    if (!d) return SILENT;
    if (e.kind === 'dirty_log') return onLog(w, e, d);
    if (e.kind === 'tick') return onTick(w, e, d, limits);
    if (e.last !== 1 || !d.logging) return SILENT;
    if (!trackingKnown(w, d)) return TRACKING_UNKNOWN;
    return broken('closed', 'info', {
      evidence: { tracking_ns: e.at - d.loggingAt, reports: d.counts.dirtyReports },
    });
  },
});
