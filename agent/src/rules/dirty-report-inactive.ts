// SPDX-License-Identifier: Apache-2.0
import { DirtyOpValue } from '../wire/events.gen.js';
import { broken, KEPT, rule, SILENT } from './rule.js';
import { TRACKING_UNKNOWN, trackingKnown } from './tracking.js';

export const dirtyReportInactive = rule({
  id: 'dirty-report-inactive',
  version: 1,
  statement: 'DMA_LOGGING_REPORT must not be asked of a device that does not track.',
  says: 'If DMA logging is not enabled, an error will be returned.',
  where: 'include/uapi/linux/vfio.h, VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT',
  norm: 'N1',
  party: 'user',
  severities: ['warning'],
  needs: ['dirty-log'],
  decides:
    "DMA_LOGGING_REPORT with no START before it. Refused: the user believes that it tracks. Answered: the driver's fault.",
  benign: 'mtty answers every report. A reset in the migration may have ended the tracking: unknown.',
  action: 'The memory that the VMM believes clean may be dirty: find the START that is missing.',
  on: ['dirty_log'],
  judge(w, e, d, limits) {
    if (!d || e.container || e.op !== DirtyOpValue.REPORT) return SILENT;
    if (d.lastResetAt >= 0 && e.at - d.lastResetAt < limits.resetExplains) return SILENT;
    if (!trackingKnown(w, d)) return TRACKING_UNKNOWN;
    if (d.logging) return KEPT;
    const evidence = { iova: e.iovaHex, size: e.size, errno: e.ret };
    if (e.ret < 0) return broken('refused', 'warning', { evidence });
    return d.driver === 'mtty' ? SILENT : broken('answered', 'warning', { party: 'driver', evidence });
  },
});
