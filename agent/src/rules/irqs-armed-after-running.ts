// SPDX-License-Identifier: Apache-2.0
import { State } from '../model/fsm.js';
import { givesVectors } from '../model/set_irqs.js';
import { RingValue } from '../wire/events.gen.js';
import { irqEvidence } from './irq.js';
import { broken, KEPT, rule, SILENT, unknown } from './rule.js';

const ARMED_UNKNOWN = unknown('whether interrupts were set up before was not seen');

export const irqsArmedAfterRunning = rule({
  id: 'irqs-armed-after-running',
  version: 1,
  statement: 'On a destination, interrupts should be set up before the device reaches RUNNING.',
  says: 'Obviously there are races here.',
  where:
    'Gunthorpe, 2021-11-01, 20211101172506.GC2744544@nvidia.com; what is lost otherwise: completions between RUNNING and the first vector',
  norm: 'N4',
  party: 'user',
  severities: ['info'],
  needs: ['set-irqs', 'region-access', 'migration-state'],
  decides:
    'A device that was loaded in RESUMING came to RUNNING with no vector of INTX, MSI or MSIX, and SET_IRQS gives it one within 5 s. Kept where it had some.',
  benign:
    'The guest turns MSI or MSI-X on itself in between: its driver was not loaded when it was saved. A device that never gets a vector uses none.',
  action: 'The VMM must restore interrupts before the device runs, at the latest in STOP.',
  on: ['mig_set_ret', 'set_irqs'],
  judge(w, e, d, limits) {
    if (!d) return SILENT;
    if (e.kind === 'set_irqs') {
      if (d.unarmedSince < 0 || !givesVectors(e)) return SILENT;
      const late = e.at - d.unarmedSince;
      if (late >= limits.armedWithin) return SILENT;
      if (w.mayHaveLost(RingValue.CRIT, d.knownAt)) return ARMED_UNKNOWN;
      return broken('late', 'info', { evidence: { ...irqEvidence(e), late_ns: late } });
    }
    const t = d.transition;
    if (e.ret < 0 || e.miss & 1 || e.requested !== State.RUNNING) return SILENT;
    if (d.episode?.side !== 'destination' || !t || t.from === State.RUNNING) return SILENT;
    if (d.armed < 0 || w.mayHaveLost(RingValue.CRIT, d.knownAt)) return ARMED_UNKNOWN;
    return d.armed ? KEPT : SILENT; // what follows tells
  },
});
