// SPDX-License-Identifier: Apache-2.0
import { HALT, isIn, QUIET } from '../model/fsm.js';
import { regionIndex } from '../model/touch.js';
import { broken, KEPT, rule } from './rule.js';
import { settledIn } from './settled.js';

const LATE_NS = 1e6;

export const ioeventfdWriteWhileHalted = rule({
  id: 'ioeventfd-write-while-halted',
  version: 1,
  statement: 'A VFIO ioeventfd must not perform its MMIO write while the device is halted or quiet.',
  says: 'restrict access to vfio device regions while the device is in STOP_COPY or risk corruption of the device migration data stream',
  where: 'include/uapi/linux/vfio.h, VFIO_DEVICE_STATE_STOP_COPY (the kernel writes on the user’s behalf)',
  norm: 'N1',
  party: 'user',
  severities: ['info', 'warning', 'critical'],
  needs: ['ioeventfd', 'migration-state'],
  decides:
    'The handler ran more than 50 µs after the landing. HALT: critical; QUIET: warning; the first, within a millisecond of the landing: info, an eventfd drained late. Whether the write reached the device is not told: each run counts.',
  benign: 'One late eventfd after the vCPUs stopped.',
  action: 'Find who signals the eventfd while the VM is stopped.',
  on: ['ioeventfd'],
  judge(_w, e, d, limits) {
    const settled = settledIn(d, e, HALT | QUIET, limits.epsCpu, false);
    if (typeof settled !== 'boolean') return settled;
    if (!settled || !d) return KEPT;
    const since = e.at - d.landedAt;
    const again = d.lastTouch === 'ioeventfd' && d.lastTouchAt >= d.landedAt;
    const late = since < LATE_NS && !again;
    const severity = late ? 'info' : isIn(d.state, HALT) ? 'critical' : 'warning';
    return broken(`write-in-${d.stateName}${late ? '-late' : ''}`, severity, {
      evidence: {
        region: regionIndex(e.pos),
        offset: e.pos % 2 ** 40,
        length: e.count,
        value: e.valueHex,
        since_landed_ns: since,
      },
    });
  },
});
