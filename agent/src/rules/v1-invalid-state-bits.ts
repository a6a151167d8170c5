// SPDX-License-Identifier: Apache-2.0

import { State, UNKNOWN } from '../model/fsm.js';
import type { V1 } from '../model/v1.js';
import { DEVICE_STATE_SIZE, reservedBits, v1State } from '../model/v1.js';
import type { V1AccessEvent } from '../wire/events.gen.js';
import { broken, KEPT, rule, SILENT, unknown, type Verdict } from './rule.js';

const UNREAD = unknown('what was written could not be read');
const NEVER_READ = unknown('device_state has not been read before: what its reserved bits hold is not known');

const hex = (n: number) => `0x${n.toString(16)}`;
const bits = (word: number) => (word & 7).toString(2).padStart(3, '0');

function judgeWord(e: V1AccessEvent, v1: V1): Verdict {
  const state = v1State(e.value);
  const evidence = { written: hex(e.value), ret: e.ret };
  if (state === UNKNOWN) return broken(`invalid-${bits(e.value)}`, 'warning', { evidence });
  if (state === State.ERROR) return broken('error-written', 'warning', { evidence });
  if (v1.reserved < 0) return NEVER_READ;
  if (reservedBits(e.value) === v1.reserved) return KEPT;
  return broken('reserved-bits', 'warning', { evidence: { ...evidence, read: hex(v1.reserved * 8) } });
}

export const v1InvalidStateBits = rule({
  id: 'v1-invalid-state-bits',
  version: 1,
  statement: "A write to a v1 migration region's device_state names a state and preserves the reserved bits.",
  says: 'To preserve them, the user application should perform a read-modify-write operation on this field when modifying the specified bits.',
  where:
    'include/uapi/linux/vfio.h of Linux 5.10, struct vfio_device_migration_info, device_state; removed in 5.18',
  norm: 'N1',
  party: 'user',
  severities: ['warning'],
  needs: ['region-access', 'migration-state'],
  decides:
    'A write that touches device_state: not of 4 bytes at offset 0 (length); _RESUMING with _RUNNING (invalid-101, invalid-111); _SAVING with _RESUMING, which only the driver may report (error-written); bits 3 to 31 are not as they were last read (reserved-bits).',
  benign: 'None known. Where device_state was never read before, the reserved bits are unknown.',
  action: 'Correct the VMM: read device_state, change its low three bits, write 4 bytes.',
  on: ['v1_access'],
  judge(_w, e, d) {
    if (!d?.v1 || e.write !== 1 || e.offset >= DEVICE_STATE_SIZE) return SILENT;
    if (e.offset !== 0 || e.count !== DEVICE_STATE_SIZE)
      return broken('length', 'warning', { evidence: { offset: e.offset, length: e.count } });
    return e.miss ? UNREAD : judgeWord(e, d.v1);
  },
});
