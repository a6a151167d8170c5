// SPDX-License-Identifier: Apache-2.0
import { State, UNKNOWN } from '../model/fsm.js';
import { broken, IN_TRANSITION, KEPT, OUT_OF_STEP, rule, SILENT, STATE_UNKNOWN } from './rule.js';

export const ioasChangeWhileHalted = rule({
  id: 'ioas-change-while-halted',
  version: 1,
  statement: "A device's IOMMU attachment must not change in the middle of a migration.",
  basis: 'external state that the VMM restores includes the DMA mappings; logging is per device and domain',
  where: 'Williamson, 2021-11-02, 20211102141547.6f1b0bb3; no sentence of the uAPI',
  norm: 'N4',
  party: 'user',
  scope: 'mappings',
  severities: ['info', 'warning'],
  needs: ['migration-state'],
  decides:
    'An iommufd attach, replace or detach succeeded while the device was not RUNNING, or its dirty tracking was on: warning. In RESUMING before the first byte was written, and in a pause that is no migration: info. A type1 container cannot be changed while the device is open: the kernel refuses it (EBUSY).',
  benign:
    'Guests with a vIOMMU, whose migration QEMU blocks. A source whose migration is complete may be taken apart.',
  action: 'Mappings and what was logged belong to the old attachment: attach before the migration starts.',
  on: ['ioas'],
  judge(_w, e, d) {
    if (e.ret < 0) return SILENT;
    if (!d || d.state === UNKNOWN) return STATE_UNKNOWN;
    if (d.transition) return IN_TRANSITION;
    if (e.gen !== d.gen) return OUT_OF_STEP;
    if (d.state === State.RUNNING && !d.logging) return KEPT;
    if (d.state === State.STOP && d.episode?.settled) return SILENT;
    const early = d.state === State.RESUMING && (d.session?.bytesWritten ?? 0) === 0;
    const paused = d.episode?.side === 'pause-only';
    return broken(
      d.state === State.RUNNING ? 'while-logging' : `in-${d.stateName}`,
      early || paused ? 'info' : 'warning',
      { evidence: { before: d.container, now: e.container, pt_id: e.ptId, logging: d.logging } },
    );
  },
});
