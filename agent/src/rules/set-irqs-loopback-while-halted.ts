// SPDX-License-Identifier: Apache-2.0
import { HALT } from '../model/fsm.js';
import { isLoopback } from '../model/set_irqs.js';
import { irqEvidence } from './irq.js';
import { broken, KEPT, rule, SILENT } from './rule.js';
import { settledIn } from './settled.js';

export const setIrqsLoopbackWhileHalted = rule({
  id: 'set-irqs-loopback-while-halted',
  version: 1,
  statement: 'The user should not raise interrupts in the name of a halted device.',
  says: 'pending interrupts should be held until the device is _RUNNING',
  where:
    'Williamson, 2021-11-02, 20211102085651.28e0203c; the loopback: include/uapi/linux/vfio.h, VFIO_DEVICE_SET_IRQS',
  norm: 'N3',
  party: 'user',
  severities: ['info'],
  needs: ['set-irqs', 'migration-state'],
  decides:
    'SET_IRQS ACTION_TRIGGER with DATA_BOOL, or with DATA_NONE and a count, of INTX, MSI or MSIX in STOP, STOP_COPY or RESUMING.',
  benign: 'A VMM may replay a saved pending interrupt; QEMU does not.',
  action: 'The guest sees an interrupt that the device did not raise.',
  on: ['set_irqs'],
  judge(_w, e, d) {
    if (e.ret < 0 || e.miss & 1 || e.index > 2 || !isLoopback(e)) return SILENT;
    const halted = settledIn(d, e, HALT, 0);
    if (typeof halted !== 'boolean') return halted;
    if (!halted || !d) return KEPT;
    return broken(`in-${d.stateName}`, 'info', { evidence: irqEvidence(e) });
  },
});
