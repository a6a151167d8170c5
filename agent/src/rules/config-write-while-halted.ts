// SPDX-License-Identifier: Apache-2.0

import { HALT, State } from '../model/fsm.js';
import { broken, KEPT, rule, unknown } from './rule.js';
import { settledIn } from './settled.js';

/** What a write touches, of the type 0 header (include/uapi/linux/pci_regs.h). */
function headerField(offset: number): string | undefined {
  if (offset >= 0x04 && offset < 0x06) return 'COMMAND';
  if (offset >= 0x10 && offset < 0x28) return 'BAR';
  if (offset >= 0x30 && offset < 0x34) return 'ROM';
  if (offset === 0x3c) return 'INTERRUPT_LINE';
  return offset < 0x40 ? 'other' : undefined;
}

const CAPABILITY = unknown('which capability the offset belongs to is not known');

export const configWriteWhileHalted = rule({
  id: 'config-write-while-halted',
  version: 1,
  statement:
    'PCI config writes while halted are limited: free in STOP, only to restore state in RESUMING, to be avoided in STOP_COPY.',
  says: 'must accept and respond to interaction to support external subsystems in the STOP state, for example PCI MSI-X and PCI config space',
  where:
    'include/uapi/linux/vfio.h, VFIO_DEVICE_STATE_STOP; STOP_COPY: "restrict access to vfio device regions"',
  norm: 'N1',
  party: 'user',
  severities: ['info', 'warning'],
  needs: ['region-access', 'migration-state'],
  decides:
    'write() to PCI config space. STOP: allowed. STOP_COPY: warning. RESUMING: COMMAND, BARs, ROM and interrupt line are expected (info, seed-strict: warning), the rest of the header is a warning, capabilities are not told apart yet (unknown).',
  benign:
    'QEMU and Cloud Hypervisor write COMMAND in RESUMING. A write that resets the function is reported as reset-during-migration, one to D3hot as low-power-during-migration.',
  action: 'In STOP_COPY: the VMM must save config space from its own copy.',
  yieldsTo: ['low-power-during-migration'],
  on: ['config_write'],
  judge(_w, e, d, limits) {
    const halted = settledIn(d, e, HALT, limits.epsCpu);
    if (typeof halted !== 'boolean') return halted;
    if (!halted || !d || d.state === State.STOP) return KEPT;
    const field = headerField(e.offset);
    const evidence = { offset: e.offset, length: e.count, field: field ?? 'capability' };
    if (d.state === State.STOP_COPY) return broken('in-STOP_COPY', 'warning', { evidence });
    if (!field) return CAPABILITY;
    if (field === 'other') return broken('in-RESUMING-other', 'warning', { norm: 'N3', evidence });
    return broken(`in-RESUMING-${field}`, 'info', { norm: 'N3', strict: 'warning', evidence });
  },
});
