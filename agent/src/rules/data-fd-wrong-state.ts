// SPDX-License-Identifier: Apache-2.0
import { isIn, SAVE, State } from '../model/fsm.js';
import type { DataReadEvent, DataWriteEvent } from '../wire/events.gen.js';
import { ENODEV } from './errno.js';
import { broken, IN_TRANSITION, KEPT, OUT_OF_STEP, rule, SILENT, STATE_UNKNOWN, type Verdict } from './rule.js';

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

export const dataFdWrongState = rule({
  id: 'data-fd-wrong-state',
  version: 1,
  statement:
    'The data fd is used only in the states it belongs to: read in the saving group, written in RESUMING.',
  says: 'Leaving RESUMING terminates a data transfer session',
  where: 'include/uapi/linux/vfio.h, data transfer sessions; "The STOP_COPY arc will terminate a data transfer session."',
  norm: 'N1',
  party: 'user',
  severities: ['warning', 'critical'],
  needs: ['data-stream', 'migration-state'],
  decides:
    'A read outside PRE_COPY, PRE_COPY_P2P, STOP_COPY or a write outside RESUMING, more than 100 ms after those states were left: ENODEV is the user, moved bytes are the driver.',
  benign: 'Reader threads that drain late (the 100 ms); reads that return 0.',
  action: 'read/write-refused: the VMM uses a dead fd. -succeeded: the driver must end its sessions.',
  on: ['data_read', 'data_write'],
  judge(_w, e, d, limits) {
    if (!d) return STATE_UNKNOWN;
    if (d.transition) return IN_TRANSITION;
    if (e.gen !== d.gen) return OUT_OF_STEP;
    if (d.state < 0) return STATE_UNKNOWN;
    const reading = e.kind === 'data_read';
    if (reading ? isIn(d.state, SAVE) : d.state === State.RESUMING) return KEPT;
    const leftAt = reading ? d.leftSaveAt : d.leftResumingAt;
    if (leftAt >= 0 && e.at - leftAt < limits.epsData) return SILENT;
    return late(e, leftAt);
  },
});
