// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../model/device.js';
import { HALT, isIn, SAVE, State, stateName, UNKNOWN } from '../model/fsm.js';
import type { Session } from '../model/session.js';
import { movedState, setsState, type V1, V1Register, v1State } from '../model/v1.js';
import type { World } from '../model/world.js';
import { RingValue, type V1AccessEvent } from '../wire/events.gen.js';
import {
  type Broken,
  broken,
  KEPT,
  OUT_OF_STEP,
  rule,
  SILENT,
  STATE_UNKNOWN,
  unknown,
  type Verdict,
} from './rule.js';

const UNSEEN = unknown('the start of the data session was not seen');
const LOSSY = unknown('accesses to the migration region may have been lost');
const MAPPED = unknown('the migration region is mapped: whether its data was moved is not seen');

const misordered = (reason: string, v1: V1): Broken =>
  broken(reason, 'warning', {
    evidence: { last_step: v1.step, pending_bytes: v1.pendingBytes, data_size: v1.dataSize, moved: v1.moved },
  });

/** The buffer that data_size told has not been moved whole. */
function unmoved(v1: V1, size: number, reason: string): Verdict {
  if (v1.moved >= size) return KEPT;
  return v1.mapped ? MAPPED : misordered(reason, v1);
}

/** pending_bytes, data_offset, data_size, the data, and again. */
function onSave(e: V1AccessEvent, v1: V1): Verdict {
  const { step } = v1;
  switch (e.offset) {
    case V1Register.PENDING_BYTES:
      if (step === 'offset') return misordered('data_size-not-read', v1);
      return step === 'size' ? unmoved(v1, v1.dataSize, 'data-not-read') : KEPT;
    case V1Register.DATA_OFFSET:
      if (v1.pendingBytes < 0) return misordered('pending_bytes-not-read', v1);
      if (v1.pendingBytes === 0) return misordered('nothing-pending', v1);
      // Told again while the buffer is being read: the same buffer.
      return step === 'size' && v1.dataSize > 0 && v1.moved >= v1.dataSize
        ? misordered('pending_bytes-not-read', v1)
        : KEPT;
    case V1Register.DATA_SIZE:
      return step === 'offset' || step === 'size' ? KEPT : misordered('data_offset-not-read', v1);
    default:
      if (e.offset < V1Register.END) return SILENT;
      return step === 'size' ? KEPT : misordered('data_size-not-read', v1);
  }
}

/** data_offset is read, the data written, data_size written. */
function onResume(e: V1AccessEvent, v1: V1): Verdict {
  if (!e.write) return e.offset === V1Register.DATA_OFFSET ? KEPT : SILENT;
  if (e.offset !== V1Register.DATA_SIZE && e.offset < V1Register.END) return SILENT;
  if (v1.step !== 'offset') return misordered('data_offset-not-read', v1);
  return e.offset === V1Register.DATA_SIZE ? unmoved(v1, e.value, 'data-not-written') : KEPT;
}

/** STOP_COPY is left: had everything been read? */
function onLeave(e: V1AccessEvent, s: Session | undefined, v1: V1, lossy: boolean): Verdict {
  const next = v1State(e.value);
  if (!movedState(e) || next === State.STOP_COPY || next === UNKNOWN) return SILENT;
  if (s?.direction !== 'save') return UNSEEN;
  if (s.eos) return KEPT;
  if (lossy) return LOSSY;
  const evidence = { pending_bytes: v1.pendingBytes, bytes_read: s.bytesRead, next: stateName(next) };
  if (!isIn(next, HALT)) return broken('rollback', 'info', { evidence });
  return broken('pending-bytes-left', 'warning', { evidence });
}

function judge(w: World, e: V1AccessEvent, d: Device, v1: V1): Verdict {
  const s = d.session;
  const lossy = s !== undefined && (s.lossy || w.mayHaveLost(RingValue.CRIT, s.openedAt));
  if (setsState(e)) return d.state === State.STOP_COPY ? onLeave(e, s, v1, lossy) : SILENT;
  if (e.ret <= 0 || e.offset < V1Register.PENDING_BYTES) return SILENT;
  if (e.gen !== d.gen) return OUT_OF_STEP;
  if (d.state === UNKNOWN) return STATE_UNKNOWN;
  const save = isIn(d.state, SAVE);
  if (save ? e.write : d.state !== State.RESUMING) return SILENT;
  if (!s || s.endedAt >= 0) return UNSEEN;
  const verdict = save ? onSave(e, v1) : onResume(e, v1);
  return lossy && typeof verdict !== 'string' ? LOSSY : verdict;
}

export const v1DataProtocolOrder = rule({
  id: 'v1-data-protocol-order',
  version: 1,
  statement:
    'The registers of a v1 migration region are used in their order, and stop-and-copy is left when nothing is pending.',
  says: 'The user application should iterate in _SAVING (stop-and-copy) until pending_bytes is 0.',
  where:
    'include/uapi/linux/vfio.h of Linux 5.10, struct vfio_device_migration_info, the sequences below data_size; removed in 5.18',
  norm: 'N1',
  party: 'user',
  severities: ['info', 'warning'],
  needs: ['region-access', 'migration-state'],
  decides:
    'Saving: pending_bytes (above 0), data_offset, data_size and the data are read in this order, the data whole, before pending_bytes is read again. Resuming: data_offset is read, the data written, data_size written. STOP_COPY is left with the last pending_bytes above 0, or not read there: warning; back to RUNNING: info (rollback).',
  benign:
    'Migrations that are cancelled roll back. Reading a register twice is no new step. Data of a mapped region moves unseen: unknown.',
  action:
    'The state that arrived may be incomplete or shifted: do not trust the destination, correct the VMM.',
  on: ['v1_access'],
  judge(w, e, d) {
    return d?.v1 ? judge(w, e, d, d.v1) : SILENT;
  },
});
