// SPDX-License-Identifier: Apache-2.0
/** Touching a device that is not running, and its interrupts. */
import { FOUND, found, inState, never, ONE, running, type Table } from './case.js';

const LATE = '1000020us dev1';
const STOPPED = `${ONE}\n1s dev1 set STOP`;
const D3HOT = 'zap config\n2s dev1 region write config+0x44 2 value=3';

export const TOUCH: Table = {
  'mmio-rw-while-halted': {
    kept: inState('RUNNING_P2P', 'region write bar0+0 4'),
    broken: {
      'read-in-STOP warning': inState('STOP', 'region read bar0+0 4'),
      'write-in-STOP_COPY critical': inState('STOP_COPY', 'region write bar0+0 4'),
      'read-in-RESUMING warning': inState('RESUMING', 'region read bar0+0 4'),
      'attempted-write-in-STOP info': inState('STOP', 'region write bar0+0 4 -> -EIO'),
    },
    unknown: `${STOPPED}\n${LATE} region read bar0+0 4 tid=9`,
    benign: {
      'Accesses during a transition': `${ONE}\n1s dev1 set STOP {\n2s dev1 region write bar0+0 4 tid=9\n3s dev1 }`,
      'Device-specific regions': {
        text: inState('STOP_COPY', 'region read region9+0 4'),
        answers: ['read-in-STOP_COPY warning'],
      },
      'A debugger': never('the records do not tell a debugger from the VMM'),
    },
  },
  'mmio-fault-while-halted': {
    kept: running('fault mapped bar0+0'),
    broken: {
      'touch-in-STOP warning': inState('STOP', 'fault mapped bar0+0'),
      'touch-in-STOP_COPY critical': inState('STOP_COPY', 'fault mapped bar0+0'),
      'attempted-touch-in-STOP_COPY warning': inState('STOP_COPY', 'fault refused bar0+0'),
    },
    unknown: found('fault mapped bar0+0'),
    benign: {
      'MAP_DMA of a BAR': inState('RESUMING', 'fault mapped bar0+0 prefault=1'),
      'Told apart': inState('STOP_COPY', 'fault mapped bar0+0 prefault=1 tid=9'),
    },
  },
  'mmio-mapping-live-while-halted': {
    kept: inState('STOP'),
    broken: {
      'live info': `${ONE}\n1ms dev1 mmap bar0+0 0x1000\n2ms dev1 fault mapped bar0+0\n1s dev1 set STOP`,
    },
    unknown: `${FOUND}\n1s dev1 get RUNNING\n2s dev1 set STOP`,
    benign: {
      'Exposure, not access': `${ONE}\n1ms dev1 mmap bar0+0 0x1000\n2ms dev1 fault mapped bar0+0\n3ms dev1 zap config\n1s dev1 set STOP`,
    },
  },
  'mmio-access-in-p2p-state': {
    kept: running('region write bar0+0 4'),
    broken: {
      'region_write-in-RUNNING_P2P warning': inState('RUNNING_P2P', 'region write bar0+0 4'),
      'fault-in-PRE_COPY_P2P warning': inState('PRE_COPY_P2P', 'fault mapped bar0+0'),
    },
    unknown: found('region write bar0+0 4'),
    benign: { 'MAP_DMA prefaults': inState('RUNNING_P2P', 'fault mapped bar0+0 prefault=1') },
  },
  'ioeventfd-write-while-halted': {
    kept: running('ioeventfd bar0+0x20 4'),
    broken: {
      'write-in-STOP critical': inState('STOP', 'ioeventfd bar0+0x20 4'),
      'write-in-RUNNING_P2P warning': inState('RUNNING_P2P', 'ioeventfd bar0+0x20 4'),
    },
    unknown: found('ioeventfd bar0+0x20 4'),
    benign: { 'One late eventfd': `${STOPPED}\n1000500us dev1 ioeventfd bar0+0x20 4 tid=9` },
  },
  'vcpu-entry-while-halted': {
    kept: inState('STOP', 'set RUNNING'),
    broken: {
      'entry-in-STOP_COPY critical': inState('STOP_COPY', 'vcpu 0 tid=9'),
      'entry-in-RUNNING_P2P info': inState('RUNNING_P2P', 'vcpu 0 tid=9'),
    },
    unknown: found('vcpu 0 tid=9'),
    benign: {
      'A device that is paused alone': {
        text: inState('STOP', 'vcpu 0 tid=9'),
        answers: ['entry-in-STOP warning'],
      },
      'Devices that cannot migrate': '0 gpu1 opened pci vfio-pci flags=none\n1s gpu1 vcpu 0 tid=9',
      'QEMU stops': `${ONE}\n500ms dev1 vcpu 0 tid=9\n1s dev1 set STOP_COPY\n2s dev1 set RUNNING\n3s dev1 vcpu 0 tid=9`,
    },
  },
  'config-write-while-halted': {
    kept: inState('STOP', 'region write config+0x44 2'),
    broken: {
      'in-STOP_COPY warning': inState('STOP_COPY', 'region write config+0x4 2'),
      'in-RESUMING-BAR info': inState('RESUMING', 'region write config+0x10 4'),
      'in-RESUMING-other warning': inState('RESUMING', 'region write config+0xc 1'),
    },
    unknown: inState('RESUMING', 'region write config+0x44 2'),
    benign: {
      'QEMU and Cloud Hypervisor': inState('RESUMING', 'region write config+0x4 2'),
      'A write that resets': inState('STOP_COPY', 'reset function', 'region write config+0x78 2'),
    },
  },
  'set-irqs-in-resuming': {
    kept: inState('STOP', 'irqs MSIX'),
    broken: { 'in-RESUMING info': inState('RESUMING', 'irqs MSIX') },
    unknown: found('irqs MSIX'),
    benign: { 'Every stock QEMU': inState('RESUMING', 'irqs INTX', 'irqs MSIX count=4') },
  },
  'set-irqs-in-stop-copy': {
    kept: inState('STOP', 'irqs MSIX'),
    broken: { 'in-STOP_COPY warning': inState('STOP_COPY', 'irqs MSIX') },
    unknown: found('irqs MSIX'),
    benign: { 'Closing the device': inState('STOP_COPY', 'closed exit=0') },
  },
  'set-irqs-loopback-while-halted': {
    kept: running('irqs MSIX flags=0x21'),
    broken: { 'in-STOP info': inState('STOP', 'irqs MSIX flags=0x22') },
    unknown: found('irqs MSIX flags=0x21'),
    benign: {
      'A VMM may replay': inState('RESUMING', 'irqs MSIX flags=0x21'),
      'QEMU does not': inState('RESUMING', 'irqs MSIX flags=0x24'),
    },
  },
  'irqs-armed-after-running': {
    kept: inState('RESUMING', 'irqs MSIX', 'data write 60', 'set RUNNING'),
    broken: { 'late info': inState('RESUMING', 'data write 60', 'set RUNNING', 'irqs MSIX') },
    unknown: `${FOUND}\n1s dev1 get STOP\n2s dev1 set RESUMING\n3s dev1 set RUNNING`,
    benign: {
      'The guest turns MSI': inState('RESUMING', 'data write 60', 'set RUNNING', 'msi on', 'irqs MSIX'),
      'A device that never gets': inState(
        'RESUMING',
        'data write 60',
        'set RUNNING',
        'irqs INTX flags=0x21 count=0',
      ),
    },
  },
  'irq-while-halted': {
    kept: running('irq MSI'),
    broken: {
      'interrupt warning': `${STOPPED}\n1020ms dev1 irq MSI tid=9`,
      'interrupts critical': inState('STOP', 'irq MSI tid=9'),
      'pba_release info': inState('STOP', 'memory-enable\n2001ms dev1 irq MSI tid=9'),
    },
    unknown: found('irq MSI'),
    benign: {
      'Interrupts latched': `${STOPPED}\n1003ms dev1 irq MSI tid=9`,
      'Shared INTx': never('the probe leaves out interrupts that the handler says are another device’s'),
    },
  },
  'low-power-during-migration': {
    kept: running('low-power entry'),
    broken: {
      'entry-in-PRE_COPY warning': inState('PRE_COPY', 'low-power entry'),
      'entry-in-STOP info': inState('STOP', 'low-power entry'),
      'd3hot-in-STOP_COPY warning': inState('STOP_COPY', D3HOT),
      'd3hot-in-STOP info': inState('STOP', D3HOT),
    },
    unknown: found('low-power entry'),
    benign: { 'A guest that put': running('low-power entry', 'set PRE_COPY') },
  },
  'host-error-while-halted': {
    kept: inState('STOP', 'set RUNNING'),
    broken: {
      'coincident critical': inState('STOP', 'aer fatal'),
      'caused critical': inState('STOP', 'region read bar0+0 4\n2050ms dev1 aer nonfatal'),
    },
    unknown: found('aer fatal'),
    benign: { 'Correctable errors': inState('STOP', 'aer correctable', 'aer fatal status=0x20') },
  },
};
