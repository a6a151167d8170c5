// SPDX-License-Identifier: Apache-2.0
import { flagNames, MIG_P2P } from '../model/fsm.js';
import { broken, KEPT, rule, SILENT, unknown } from './rule.js';

const UNREAD = unknown('the migration flags could not be read');

export const noQuiescentState = rule({
  id: 'no-quiescent-state',
  version: 1,
  statement:
    'A migratable device should have a state in which it answers its peers and starts nothing itself.',
  says: 'able to accept and respond to MMIO, and yet guarentees it generates no DMA',
  where:
    'Gunthorpe, 2021-11-01, 20211101172506.GC2744544@nvidia.com; the state: include/uapi/linux/vfio.h, VFIO_DEVICE_STATE_RUNNING_P2P',
  norm: 'N3',
  party: 'driver',
  severities: ['info'],
  needs: ['open-close'],
  decides:
    'Inventory, when a device becomes known: no P2P flag; or a driver (hisi_acc) whose stopped device is woken by a touch.',
  benign: 'A property of the device, not an event.',
  action: 'Do not migrate such a device together with others that can reach its BARs.',
  on: ['device'],
  judge(_w, e) {
    if (e.hasMigOps !== 1) return SILENT;
    if (e.miss) return UNREAD;
    const evidence = { driver: e.driver, migration_flags: flagNames(e.flags) };
    if (e.driver.replaceAll('-', '_') === 'hisi_acc_vfio_pci')
      return broken(`pause-exit-on-touch-${e.name}`, 'info', { evidence });
    return e.flags & MIG_P2P ? KEPT : broken(`no-p2p-state-${e.name}`, 'info', { evidence });
  },
});
