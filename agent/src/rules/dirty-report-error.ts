// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../model/device.js';
import { State } from '../model/fsm.js';
import type { World } from '../model/world.js';
import { type DataReadEvent, type DirtyLogEvent, DirtyOpValue, RingValue } from '../wire/events.gen.js';
import { EINTR, EOPNOTSUPP } from './errno.js';
import { broken, KEPT, rule, SILENT, unknown, type Verdict } from './rule.js';
import { TRACKING_UNKNOWN, trackingKnown } from './tracking.js';

const MISSING = unknown('a restart of the tracking may have been lost');

function onReport(w: World, e: DirtyLogEvent, d: Device | undefined): Verdict {
  if (e.op !== DirtyOpValue.REPORT || e.miss || e.ret === EINTR) return SILENT;
  const c = w.containers.get(e.container);
  const tracking = e.container ? c?.tracking : d?.logging;
  if (!tracking) return !e.container && d && !trackingKnown(w, d) ? TRACKING_UNKNOWN : SILENT;
  if (e.ret >= 0) return KEPT;
  const evidence = { iova: e.iovaHex, size: e.size, errno: e.ret, container: e.container };
  const [first] = w.devicesOf(e.container);
  const reported = d ?? (e.container ? first : undefined);
  // Nothing was ever logged that could be corrupt: the kernel takes START and has no way to report.
  const [reason, severity] =
    e.ret === EOPNOTSUPP ? (['unsupported', 'info'] as const) : (['failed', 'warning'] as const);
  return broken(reason, severity, { evidence, ...(reported && { device: reported }) });
}

/** The whole state is out, and the log that failed was neither restarted nor given up. */
function onEnd(w: World, e: DataReadEvent, d: Device): Verdict {
  const s = d.session;
  if (e.ret !== 0 || e.count === 0 || d.state !== State.STOP_COPY || d.transition) return SILENT;
  if (!s || s.id !== e.session || s.eos || d.reportFailedAt < 0) return SILENT;
  if (w.mayHaveLost(RingValue.CRIT, d.reportFailedAt)) return MISSING;
  return broken('unheeded', 'critical', {
    confidence: 'low',
    evidence: {
      failed_ns_ago: e.at - d.reportFailedAt,
      not_observed: 'whether the user took all memory for dirty',
    },
  });
}

export const dirtyReportError = rule({
  id: 'dirty-report-error',
  version: 1,
  statement: 'After a dirty report that failed the log must be taken for corrupt.',
  says: 'If any error is returned userspace should assume that the dirty log is corrupted.',
  where: 'include/uapi/linux/vfio.h, VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT',
  norm: 'N1',
  party: 'user',
  severities: ['info', 'warning', 'critical'],
  needs: ['dirty-log', 'data-stream'],
  decides:
    'A report of active tracking failed, on the device or its container: warning; info where the kernel cannot report at all (EOPNOTSUPP: built without IOMMUFD). The stream then reached its end without START, STOP or a return to RUNNING: critical, at low confidence.',
  benign: 'EINTR. A user that takes all memory for dirty instead: not observable.',
  action: 'unheeded: unless the VMM resent all memory, the destination may have stale pages.',
  on: ['dirty_log', 'data_read'],
  ordinarily: { dirty_log: KEPT, data_read: SILENT },
  judge(w, e, d) {
    if (e.kind === 'dirty_log') return onReport(w, e, d);
    return d ? onEnd(w, e, d) : SILENT;
  },
});
