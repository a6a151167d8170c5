// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../model/device.js';
import { HALT } from '../model/fsm.js';
import type { V1 } from '../model/v1.js';
import { type IrqEvent, IrqKindValue } from '../wire/events.gen.js';
import type { Limits } from './limits.js';
import { type Broken, broken, KEPT, rule, unknown } from './rule.js';
import { settledIn } from './settled.js';

/** This long after the landing nothing that was latched before it is still under way. */
const PERSISTS_NS = 100e6;
/** Two interrupts so far apart are not both inside one write to a v1 device_state. */
const V1_APART_NS = 1e9;
/** Unmasking a vector releases an interrupt that was held in the pending bits. */
const RELEASE_NS = 5e6;

const V1_LEAVING = unknown('when a v1 device began to leave its state is not recorded');

function repeatedForLong(e: IrqEvent, d: Device, v1: V1, limits: Limits): boolean {
  return v1.haltedIrqAt - d.haltedAt >= limits.epsIrq && e.at - v1.haltedIrqAt >= V1_APART_NS;
}

function finding(e: IrqEvent, d: Device, limits: Limits): Broken {
  const since = e.at - d.haltedAt;
  const evidence = {
    irq: e.irq,
    line: e.irqKind === IrqKindValue.INTX ? 'INTx' : 'MSI',
    since_halted_ns: since,
    count: d.counts.irqsWhileHalted + 1,
  };
  if (d.lastIrqSetupAt >= 0 && e.at - d.lastIrqSetupAt <= RELEASE_NS)
    return broken('pba_release', 'info', { evidence });
  // Of those before this one, stragglers of the first 5 ms do not count.
  const repeated = d.lastHaltedIrqAt - d.haltedAt >= limits.epsIrq;
  const persists = since >= PERSISTS_NS || repeated;
  return persists
    ? broken('interrupts', 'critical', { evidence })
    : broken('interrupt', 'warning', { evidence });
}

export const irqWhileHalted = rule({
  id: 'irq-while-halted',
  version: 1,
  statement: 'A stopped device must not generate interrupts.',
  says: 'The device must not generate interrupts, DMA, or any other change to external state.',
  where: 'include/uapi/linux/vfio.h, VFIO_DEVICE_STATE_STOP',
  norm: 'N1',
  party: 'device',
  severities: ['info', 'warning', 'critical'],
  needs: ['interrupts', 'migration-state'],
  decides:
    'An interrupt of the device was handled more than 5 ms after it landed in STOP, STOP_COPY or RESUMING. The first: warning. A second, or any 100 ms after it halted: critical. Within 5 ms of SET_IRQS or MSI set-up: info, a held interrupt let go. Of a v1 device: an interrupt a second or more after another of the same stop.',
  benign:
    'Interrupts latched before the stop and delivered late; a released pending bit. Shared INTx lines count only where the handler says that it was this device.',
  action:
    'The driver must quiesce interrupts in STOP. Posted interrupts bypass the host: silence is no proof.',
  on: ['irq'],
  ordinarily: { irq: KEPT },
  judge(_w, e, d, limits) {
    const halted = settledIn(d, e, HALT, limits.epsIrq, false);
    if (typeof halted !== 'boolean') return halted;
    if (!halted || !d) return KEPT;
    // The write that lets a v1 device run again is recorded when it returns: the interrupt may be later than its start.
    if (d.v1 && !repeatedForLong(e, d, d.v1, limits)) return V1_LEAVING;
    return finding(e, d, limits);
  },
});
