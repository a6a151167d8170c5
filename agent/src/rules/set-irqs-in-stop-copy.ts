// SPDX-License-Identifier: Apache-2.0
import { State } from '../model/fsm.js';
import { arrangesInterrupts } from '../model/set_irqs.js';
import { irqEvidence } from './irq.js';
import { broken, KEPT, rule, SILENT } from './rule.js';
import { settledIn } from './settled.js';

export const setIrqsInStopCopy = rule({
  id: 'set-irqs-in-stop-copy',
  version: 1,
  statement: 'Interrupt configuration must not change while the state is being streamed in STOP_COPY.',
  says: 'avoid all device touches during both resuming and saving',
  where:
    'Gunthorpe, 2021-11-01, 20211101172506.GC2744544@nvidia.com; the risk: include/uapi/linux/vfio.h, VFIO_DEVICE_STATE_STOP_COPY',
  norm: 'N3',
  party: 'user',
  severities: ['warning'],
  needs: ['set-irqs', 'migration-state'],
  decides: 'SET_IRQS of INTX, MSI or MSIX while the device is settled in STOP_COPY.',
  benign: 'Closing the device disables interrupts inside the kernel: that is no ioctl and not seen here.',
  action: 'The VMM must arrange interrupts before it asks for STOP_COPY, or after it has left it.',
  on: ['set_irqs'],
  judge(_w, e, d) {
    if (!arrangesInterrupts(e)) return SILENT;
    const saving = settledIn(d, e, 1 << State.STOP_COPY, 0);
    if (typeof saving !== 'boolean') return saving;
    if (!saving) return KEPT;
    const s = d?.session;
    return broken('in-STOP_COPY', 'warning', {
      evidence: { ...irqEvidence(e), bytes_read: s?.bytesRead ?? 0, end_of_stream: s?.eos ?? false },
    });
  },
});
