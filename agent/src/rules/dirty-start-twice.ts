// SPDX-License-Identifier: Apache-2.0
import { DirtyOpValue } from '../wire/events.gen.js';
import { broken, KEPT, rule, SILENT } from './rule.js';
import { TRACKING_UNKNOWN, trackingKnown } from './tracking.js';

export const dirtyStartTwice = rule({
  id: 'dirty-start-twice',
  version: 1,
  statement: 'DMA_LOGGING_START must not be repeated without a STOP.',
  says: 'Another start is not allowed in the meantime.',
  where: 'include/uapi/linux/vfio.h, VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP',
  norm: 'N1',
  party: 'user',
  severities: ['warning', 'critical'],
  needs: ['dirty-log'],
  decides:
    "DMA_LOGGING_START on a device that tracks: refused, a warning; accepted, critical and the driver's fault.",
  benign: 'After a reset drivers may go on tracking: not judged by the earlier START.',
  action: 'accepted: what was logged between the two may be lost; report to the driver.',
  on: ['dirty_log'],
  ordinarily: { dirty_log: SILENT },
  judge(w, e, d) {
    if (!d || e.container || e.op !== DirtyOpValue.START) return SILENT;
    if (!trackingKnown(w, d)) return TRACKING_UNKNOWN;
    if (!d.logging) return e.ret === 0 ? KEPT : SILENT;
    const evidence = { tracking_ns: e.at - d.loggingAt, errno: e.ret };
    return e.ret < 0
      ? broken('refused', 'warning', { evidence })
      : broken('accepted', 'critical', { party: 'driver', evidence });
  },
});
