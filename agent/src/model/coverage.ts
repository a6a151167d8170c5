// SPDX-License-Identifier: Apache-2.0
/** Which facts can be observed on this host, from which probes are attached. */
import { ProbeStatusValue } from '../wire/events.gen.js';
import type { Device } from './device.js';

export const FACTS = [
  'open-close',
  'migration-state',
  'arcs',
  'data-stream',
  'set-irqs',
  'dma-map',
  'region-access',
  'mmap',
  'mmio-fault',
  'zap',
  'ioeventfd',
  'interrupts',
  'iommu-fault',
  'p2p-map',
  'reset',
  'dirty-log',
] as const;
export type Fact = (typeof FACTS)[number];

export const LEVELS = ['complete', 'partial', 'none'] as const;
export type Level = (typeof LEVELS)[number];

export interface FactCoverage {
  readonly fact: Fact;
  readonly level: Level;
  /** Attach points in use. */
  readonly probes: readonly string[];
  /** Why not complete; empty if it is. */
  readonly why: string;
}

/** Facts that a set of hooks gives. */
type HookedFact = Exclude<Fact, 'data-stream' | 'iommu-fault'>;

/** Facts by the kernel functions that they need, `kind function`. */
const NEEDS: Record<HookedFact, readonly string[]> = {
  'open-close': ['fexit vfio_df_open', 'fentry vfio_df_close'],
  'migration-state': ['fentry vfio_device_fops_unl_ioctl', 'fexit vfio_device_fops_unl_ioctl'],
  arcs: ['fexit vfio_mig_get_next_state'],
  'set-irqs': ['fexit vfio_device_fops_unl_ioctl'],
  'dma-map': [
    'fexit vfio_iommu_type1_ioctl',
    'fentry vfio_remove_dma',
    'fexit vfio_iommu_type1_attach_group',
  ],
  'region-access': ['fexit vfio_device_fops_read', 'fexit vfio_device_fops_write'],
  mmap: ['fexit vfio_device_fops_mmap'],
  // Without the entry of MAP_DMA its prefaults could not be told from touches.
  'mmio-fault': ['fexit vfio_pci_mmap_huge_fault', 'fentry vfio_iommu_type1_ioctl'],
  zap: ['fentry unmap_mapping_range', 'fentry vfio_pci_zap_and_down_write_memory_lock'],
  ioeventfd: ['fentry vfio_pci_ioeventfd_handler'],
  interrupts: ['fentry vfio_msihandler', 'fexit vfio_intx_handler'],
  'p2p-map': ['fexit vfio_iommu_type1_ioctl', 'iter vfio_device_fops'],
  reset: ['fexit vfio_device_fops_unl_ioctl', 'fexit pci_try_reset_function', 'fexit pci_reset_function'],
  'dirty-log': ['fexit vfio_device_fops_unl_ioctl', 'fexit vfio_iommu_type1_ioctl'],
};

/** The function that reads a driver's data_fd, by driver name in sysfs with `-` as `_`. */
const DATA_READ: Record<string, string> = {
  mlx5_vfio_pci: 'mlx5vf_save_read',
  hisi_acc_vfio_pci: 'hisi_acc_vf_save_read',
  pds_vfio_pci: 'pds_vfio_save_read',
  qat_vfio_pci: 'qat_vf_save_read',
  virtio_vfio_pci: 'virtiovf_save_read',
  xe_vfio_pci: 'xe_vfio_pci_save_read',
  mtty: 'mtty_save_read',
  edu_vfio: 'edu_vfio_save_read',
};

export interface Probe {
  readonly name: string;
  readonly kind: string;
  readonly status: number;
}

export type Probes = ReadonlyMap<string, Probe>;

const attached = (probes: Probes, key: string) => probes.get(key)?.status === ProbeStatusValue.ATTACHED;

/** A probe whose module is not loaded misses nothing: it attaches before a device can be opened. */
const blind = (probes: Probes, key: string) => {
  const status = probes.get(key)?.status;
  return status === undefined || status === ProbeStatusValue.UNAVAILABLE;
};

function ofFact(fact: HookedFact, probes: Probes): FactCoverage {
  const needs = NEEDS[fact];
  const missing = needs.filter((key) => blind(probes, key));
  const level = missing.length === 0 ? 'complete' : missing.length < needs.length ? 'partial' : 'none';
  return {
    fact,
    level,
    probes: needs.filter((key) => attached(probes, key)),
    why: missing.length ? `not attachable: ${missing.join(', ')}` : '',
  };
}

const streamProbe = (driver: string) => `fexit ${DATA_READ[driver.replaceAll('-', '_')]}`;

/** Is what flows over this device's data_fd observed? Where it is not, "nothing seen" proves nothing. */
export function seesStream(probes: Probes, device: Device): boolean {
  return attached(probes, streamProbe(device.driver));
}

function ofDataStream(probes: Probes, devices: Iterable<Device>): FactCoverage {
  const used = new Set<string>();
  const missing = new Set<string>();
  for (const device of devices) {
    if (!device.hasMigration) continue;
    if (seesStream(probes, device)) used.add(streamProbe(device.driver));
    else missing.add(device.driver);
  }
  const level = missing.size === 0 ? 'complete' : used.size ? 'partial' : 'none';
  const why = missing.size ? `data_fd of these drivers is not observed: ${[...missing].join(', ')}` : '';
  return { fact: 'data-stream', level, probes: [...used], why };
}

/** The record of a source that is no hook; see LiveSource. */
export const KERNEL_LOG = 'log /dev/kmsg';

function ofIommuFaults(probes: Probes): FactCoverage {
  const read = attached(probes, KERNEL_LOG);
  return {
    fact: 'iommu-fault',
    level: read ? 'partial' : 'none',
    probes: read ? [KERNEL_LOG] : [],
    why: read
      ? 'from the kernel log (Intel, AMD), which is rate-limited: a lower bound'
      : 'the kernel log cannot be read (CAP_SYSLOG)',
  };
}

/** All facts, in the order of FACTS. */
export function coverage(probes: Probes, devices: Iterable<Device>): FactCoverage[] {
  return FACTS.map((fact) => {
    if (fact === 'data-stream') return ofDataStream(probes, devices);
    return fact === 'iommu-fault' ? ofIommuFaults(probes) : ofFact(fact, probes);
  });
}
