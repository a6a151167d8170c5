// SPDX-License-Identifier: Apache-2.0
import { broken, KEPT, rule, SILENT, unknown } from './rule.js';

/** Facts that only vfio-pci's own functions give. */
const PCI_ONLY = ['mmio-fault', 'zap', 'ioeventfd', 'interrupts', 'config writes'];
const UNREAD = unknown('the bus could not be read');

export const unsupportedBusType = rule({
  id: 'unsupported-bus-type',
  version: 1,
  statement: 'A migratable device should be on a bus whose paths to the device are observed.',
  says: 'Other bus types should get spec updates before any other bus type driver is merged.',
  where: 'Gunthorpe, 2021-11-01, 20211101172506.GC2744544@nvidia.com',
  norm: 'N4',
  party: 'ops',
  severities: ['info'],
  needs: ['open-close'],
  decides: 'Inventory, when a device with migration becomes known: its bus is not PCI.',
  benign: 'mtty, an mdev, in labs.',
  action: 'That no touch, fault or interrupt was found on this device is no evidence.',
  on: ['device'],
  judge(_w, e) {
    if (e.hasMigOps !== 1) return SILENT;
    if (e.miss || !e.bus) return UNREAD;
    if (e.bus === 'pci') return KEPT;
    return broken(`${e.bus}-${e.name}`, 'info', { evidence: { bus: e.bus, not_observed: PCI_ONLY } });
  },
});
