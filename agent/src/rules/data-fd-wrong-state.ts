// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../model/device.js';
import { isIn, SAVE, State } from '../model/fsm.js';
import { V1Register } from '../model/v1.js';
import type { DataReadEvent, DataWriteEvent, V1AccessEvent } from '../wire/events.gen.js';
import { ENODEV } from './errno.js';
import type { Limits } from './limits.js';
import {
  broken,
  IN_TRANSITION,
  KEPT,
  OUT_OF_STEP,
  rule,
  SILENT,
  STATE_UNKNOWN,
  unknown,
  type Verdict,
} from './rule.js';
import { settledIn } from './settled.js';

const SESSION_UNSEEN = unknown('the start or the end of the data session was not seen');

/** A reset ends the sessions; that the user notices late is its consequence, not a second violation. */
const RESET_EXPLAINS = 5e9;

function late(e: DataReadEvent | DataWriteEvent, leftAt: number): Verdict {
  const evidence = {
    session: e.session,
    ret: e.ret,
    since_left_ns: leftAt < 0 ? null : e.at - leftAt,
  };
  const what = e.kind === 'data_read' ? 'read' : 'write';
  if (e.ret > 0) return broken(`${what}-succeeded`, 'critical', { party: 'driver', evidence });
  if (e.ret === ENODEV) return broken(`${what}-refused`, 'warning', { evidence });
  return SILENT; // 0 or another error: nothing moved
}

/** The data of a v1 region: what is read there after its states, or written before them, is no device state. */
function onV1(e: V1AccessEvent, d: Device | undefined, limits: Limits): Verdict {
  if (e.offset < V1Register.END) return SILENT;
  const fits = e.write ? 1 << State.RESUMING : SAVE;
  const elsewhere = settledIn(d, e, ~fits, limits.epsData);
  if (typeof elsewhere !== 'boolean') return elsewhere;
  if (!elsewhere) return KEPT;
  if (e.ret <= 0) return SILENT;
  return broken(e.write ? 'window-written' : 'window-read', 'warning', { evidence: { ret: e.ret } });
}

export const dataFdWrongState = rule({
  id: 'data-fd-wrong-state',
  version: 1,
  statement:
    'The data fd is used only in the states it belongs to: read in the saving group, written in RESUMING.',
  says: 'Leaving RESUMING terminates a data transfer session',
  where:
    'include/uapi/linux/vfio.h, data transfer sessions; "The STOP_COPY arc will terminate a data transfer session."',
  norm: 'N1',
  party: 'user',
  severities: ['warning', 'critical'],
  needs: ['data-stream', 'migration-state'],
  decides:
    'A read outside PRE_COPY, PRE_COPY_P2P, STOP_COPY or a write outside RESUMING, more than 100 ms after those states were left: ENODEV is the user, moved bytes are the driver. The data window of a v1 migration region likewise: the user.',
  benign:
    'Reader threads that drain late (the 100 ms); reads that return 0; ENODEV in the 5 s after a reset, which is reported itself.',
  action: 'read/write-refused: the VMM uses a dead fd. -succeeded: the driver must end its sessions.',
  on: ['data_read', 'data_write', 'v1_access'],
  ordinarily: { data_read: KEPT, data_write: KEPT },
  judge(w, e, d, limits) {
    if (e.kind === 'v1_access') return onV1(e, d, limits);
    if (!d) return STATE_UNKNOWN;
    if (d.transition) return IN_TRANSITION;
    if (e.gen !== d.gen) return OUT_OF_STEP;
    if (d.state < 0) return STATE_UNKNOWN;
    const reading = e.kind === 'data_read';
    const s = w.sessions.get(e.session);
    if (!s) return SESSION_UNSEEN;
    const fits = reading ? isIn(d.state, SAVE) : d.state === State.RESUMING;
    if (fits && s === d.session) return KEPT;
    const wrongWay = s.direction === (reading ? 'resume' : 'save');
    if (s.endedAt < 0) return wrongWay ? late(e, -1) : SESSION_UNSEEN;
    if (e.at - s.endedAt < limits.epsData) return SILENT;
    const wasReset = d.lastResetAt >= s.endedAt && e.at - d.lastResetAt < RESET_EXPLAINS;
    return wasReset && e.ret <= 0 ? SILENT : late(e, s.endedAt);
  },
});
