// SPDX-License-Identifier: Apache-2.0
/** What may be done to a device, as scenario text: the rows of docs/actions.md. */
import { encode } from '../src/wire/events.gen.js';

export interface Action {
  readonly who: string;
  readonly what: string;
  /** Scenario lines without time; `dev1` is the device in question. */
  readonly lines?: readonly string[];
  /** Records that scenario text has no word for, at an absolute time. */
  records?(at: bigint): Uint8Array;
  /** What has happened while the device was RUNNING. */
  readonly before?: readonly string[];
  /** A data session has come to its end before: read from STOP_COPY, or written in RESUMING. */
  readonly session?: 'save' | 'resume';
}

const P2P = ['dev2 opened pci mlx5_vfio_pci container=1', 'container1 p2p dev1 bar0+0 0x200000 0x1000'];
const [DISABLE, MASK, LOOPBACK] = ['flags=0x21 count=0', 'flags=0x9 count=1', 'flags=0x21 count=1'];

const user = (what: string, line: string, more?: Partial<Action>): Action => ({
  who: 'user',
  what,
  lines: [line],
  ...more,
});

export const ACTIONS: readonly Action[] = [
  user('read() of a BAR', 'dev1 region read bar0+0 4 tid=9'),
  user('write() to a BAR', 'dev1 region write bar0+0 4 tid=9'),
  user('write() to a device-specific region', 'dev1 region write region9+0 4 tid=9'),
  user('load or store through a BAR mapping (a fault shows it)', 'dev1 fault mapped bar0+0 tid=9'),
  user('ioeventfd that writes a BAR', 'dev1 ioeventfd bar0+0 4 tid=9'),
  user('vCPU runs', 'dev1 vcpu 0 tid=9'),
  user('config space: read', 'dev1 region read config+0x4 2 tid=9'),
  user('config space: write COMMAND or a BAR', 'dev1 region write config+0x4 2 tid=9'),
  user('config space: write the rest of the header', 'dev1 region write config+0xc 1 tid=9'),
  user('SET_IRQS: eventfds for INTx, MSI, MSI-X', 'dev1 irqs MSIX tid=9'),
  user('SET_IRQS: disable or mask', `dev1 irqs MSIX ${DISABLE} tid=9`, {
    lines: [`dev1 irqs MSIX ${DISABLE} tid=9`, `dev1 irqs MSIX ${MASK} tid=9`],
  }),
  user('SET_IRQS: loopback', `dev1 irqs MSIX ${LOOPBACK} tid=9`),
  user('SET_IRQS: ERR, REQ', 'dev1 irqs ERR tid=9'),
  user('MAP_DMA of memory', 'container1 map 0x100000 0x1000'),
  user('UNMAP_DMA of memory', 'container1 unmap 0x100000 0x1000', {
    before: ['container1 map 0x100000 0x1000'],
  }),
  user("MAP_DMA of this device's BAR for a peer", P2P[1] ?? '', { before: P2P.slice(0, 1) }),
  user('peer RUNNING while it has the BAR mapped', 'tick', { before: P2P }),
  user('data_fd: read()', 'dev1 data read 4096 tid=9', { session: 'save' }),
  user('data_fd: write()', 'dev1 data write 4096 tid=9', { session: 'resume' }),
  user('MIG_GET_PRECOPY_INFO', 'dev1 precopy-info 4096 tid=9', { session: 'save' }),
  user('DMA_LOGGING_START', 'dev1 log start tid=9'),
  user('DMA_LOGGING_REPORT', 'dev1 log report tid=9', { before: ['dev1 log start'] }),
  user('DMA_LOGGING_STOP', 'dev1 log stop tid=9', { before: ['dev1 log start'] }),
  user('VFIO_DEVICE_RESET', 'dev1 reset tid=9'),
  user('close() of the device', 'dev1 closed'),
  user('LOW_POWER_ENTRY', 'dev1 low-power entry tid=9'),
  { who: 'device', what: 'interrupt', lines: ['dev1 irq MSI tid=9'] },
  {
    who: 'device',
    what: 'DMA (where the IOMMU refuses it)',
    records: (at) =>
      encode('iommu_fault', {
        at,
        dev: 1,
        iova: 0x1000n,
        write: 1,
        reason: 5,
        bdf: '0000:3b:00.2',
        logged: at,
      }),
  },
];
