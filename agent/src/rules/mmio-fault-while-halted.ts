// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../model/device.js';
import { HALT, State } from '../model/fsm.js';
import { regionIndex, VM_FAULT_NOPAGE, VM_FAULT_SIGBUS } from '../model/touch.js';
import type { FaultEvent } from '../wire/events.gen.js';
import { wakesDevice } from './region.js';
import { type Broken, broken, KEPT, rule, SILENT } from './rule.js';
import { settledIn } from './settled.js';

function finding(e: FaultEvent, d: Device): Broken {
  const refused = (e.ret & VM_FAULT_SIGBUS) !== 0;
  const region = regionIndex(e.pos);
  const base = d.state === State.STOP && !wakesDevice(d, region) ? 'warning' : 'critical';
  const severity = !refused ? base : base === 'critical' ? 'warning' : 'info';
  return broken(`${refused ? 'attempted-' : ''}touch-in-${d.stateName}`, severity, {
    norm: d.state === State.RESUMING ? 'N3' : 'N1',
    evidence: {
      region,
      offset: e.pos % 2 ** 40,
      order: e.order,
      since_landed_ns: e.at - d.landedAt,
      since_zap_ns: d.lastZapAt < 0 ? null : e.at - d.lastZapAt,
    },
  });
}

export const mmioFaultWhileHalted = rule({
  id: 'mmio-fault-while-halted',
  version: 1,
  statement: 'No CPU may touch a mapped BAR while the device is halted; a fault on it proves that one did.',
  says: 'Like while in STOP or STOP_COPY the user must not touch the device',
  where:
    'include/uapi/linux/vfio.h, VFIO_DEVICE_STATE_RUNNING_P2P; STOP_COPY: "restrict access to vfio device regions"',
  norm: 'N1',
  party: 'user',
  severities: ['info', 'warning', 'critical'],
  needs: ['mmio-fault', 'migration-state'],
  decides:
    'A page fault on a BAR mapping, more than 50 µs after the device landed in STOP, STOP_COPY or RESUMING. Refused faults (SIGBUS: memory decoding is off) count one severity less.',
  benign:
    'MAP_DMA of a BAR makes the kernel fault the range in without any access: every QEMU destination does that in RESUMING. Told apart by the thread.',
  action:
    'The faulting thread is in the event. A missing fault proves nothing: once mapped, accesses are invisible.',
  on: ['fault'],
  judge(_w, e, d, limits) {
    if (e.prefault === 1) return SILENT;
    if (!(e.ret & (VM_FAULT_NOPAGE | VM_FAULT_SIGBUS))) return SILENT; // tried again with a smaller page
    const halted = settledIn(d, e, HALT, limits.epsCpu);
    if (typeof halted !== 'boolean') return halted;
    return halted && d ? finding(e, d) : KEPT;
  },
});
