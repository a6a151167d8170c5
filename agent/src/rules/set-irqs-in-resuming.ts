// SPDX-License-Identifier: Apache-2.0
import { State } from '../model/fsm.js';
import { arrangesInterrupts } from '../model/set_irqs.js';
import { irqEvidence } from './irq.js';
import { broken, KEPT, rule, SILENT } from './rule.js';
import { settledIn } from './settled.js';

export const setIrqsInResuming = rule({
  id: 'set-irqs-in-resuming',
  version: 1,
  statement:
    'SET_IRQS is expected after RESUMING is left and before RUNNING is entered, not inside RESUMING.',
  says: 'I would expect the SET_IRQS to happen after resuming clears but before running sets',
  where: 'Gunthorpe, 2021-11-01, 20211101172506.GC2744544@nvidia.com; contested by Williamson, 2021-11-02',
  norm: 'N3',
  party: 'user',
  severities: ['info', 'warning'],
  needs: ['set-irqs', 'migration-state'],
  decides:
    'SET_IRQS of INTX, MSI or MSIX while the device is settled in RESUMING. When destinations make these calls is counted: migwatch_destination_set_irqs_total.',
  benign: 'Every stock QEMU and Cloud Hypervisor destination does it: info, and not for alerting.',
  action: 'None in profile uapi.',
  on: ['set_irqs'],
  judge(_w, e, d) {
    if (!arrangesInterrupts(e)) return SILENT;
    const resuming = settledIn(d, e, 1 << State.RESUMING, 0);
    if (typeof resuming !== 'boolean') return resuming;
    if (!resuming) return KEPT;
    return broken('in-RESUMING', 'info', {
      strict: 'warning',
      evidence: { ...irqEvidence(e), bytes_written: d?.session?.bytesWritten ?? 0 },
    });
  },
});
