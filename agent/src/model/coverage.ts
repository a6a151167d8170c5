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
  'vcpu-entry',
  'interrupts',
  'msi-enable',
  'mdev-interrupts',
  'irq-bypass',
  'iommu-fault',
  'p2p-map',
  'mdev-dma',
  'iommufd',
  'reset',
  'host-error',
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
type HookedFact = Exclude<Fact, 'data-stream' | 'iommu-fault' | OptionalFact>;

/** Facts of what a host may have or not, and those that are only looked for on need. */
type OptionalFact = 'mdev-interrupts' | 'irq-bypass' | 'iommufd' | 'vcpu-entry';

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
  'msi-enable': ['fexit vfio_pci_config_rw'],
  'mdev-dma': ['fexit vfio_pin_pages', 'fexit vfio_unpin_pages', 'fexit vfio_dma_rw'],
  'host-error': ['raw_tp aer_event'],
  'p2p-map': ['fexit vfio_iommu_type1_ioctl', 'iter vfio_device_fops'],
  reset: ['fexit vfio_device_fops_unl_ioctl', 'fexit pci_try_reset_function', 'fexit pci_reset_function'],
  'dirty-log': ['fexit vfio_device_fops_unl_ioctl', 'fexit vfio_iommu_type1_ioctl'],
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
  return status === undefined || status >= ProbeStatusValue.UNAVAILABLE;
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

/**
 * The record that says whether a driver's data_fd is watched, whatever its functions are called; see attach.c.
 * Of a v1 device the data goes through a region.
 */
const streamProbe = (d: Device) =>
  d.v1 ? 'fexit vfio_device_fops_read' : `data ${d.driver.replaceAll('-', '_')}`;

const isWatched = (probes: Probes, device: Device) => attached(probes, streamProbe(device));

/** Is what flows over this device's data_fd observed? Where it is not, "nothing seen" proves nothing. */
export function seesStream(probes: Probes, device: Device): boolean {
  return device.session?.observed !== false && isWatched(probes, device);
}

/** Are vCPU entries being recorded at this moment? Only while a device is halted, and not the first of that. */
export const seesVcpus = (probes: Probes): boolean => attached(probes, 'raw_tp kvm_entry');

function ofDataStream(probes: Probes, devices: Iterable<Device>): FactCoverage {
  const used = new Set<string>();
  const missing = new Set<string>();
  const seen = new Set<string>(); // there are few drivers, and many devices
  for (const device of devices) {
    if (!device.hasMigration || (!device.v1 && seen.has(device.driver))) continue;
    if (!device.v1) seen.add(device.driver);
    if (isWatched(probes, device)) used.add(streamProbe(device));
    else missing.add(device.driver);
  }
  const level = missing.size === 0 ? 'complete' : used.size ? 'partial' : 'none';
  const why = missing.size ? `data_fd of these drivers is not observed: ${[...missing].join(', ')}` : '';
  return { fact: 'data-stream', level, probes: [...used], why };
}

/** The record of a source that is no hook; see LiveSource. */
export const KERNEL_LOG = 'log /dev/kmsg';

/** Kind of the record, written like a probe's, that names the policy by which events after it are judged. */
export const POLICY = 'policy';

function ofIommuFaults(probes: Probes): FactCoverage {
  const read = attached(probes, KERNEL_LOG);
  return {
    fact: 'iommu-fault',
    level: read ? 'partial' : 'none',
    probes: [KERNEL_LOG, 'fexit dmar_fault', 'raw_tp io_page_fault'].filter((key) => attached(probes, key)),
    why: read
      ? 'from the kernel log (Intel, AMD), which is rate-limited: a lower bound'
      : 'the kernel log cannot be read (CAP_SYSLOG)',
  };
}

interface Optional {
  /** Each of these groups is needed; one of a group will do. */
  readonly needs: readonly (readonly string[])[];
  /** Why it is partial where the needs are met; empty: complete. */
  readonly limit: string;
  /** Why there is none where they are not. */
  readonly absent: string;
}

const OPTIONAL: Record<OptionalFact, Optional> = {
  'mdev-interrupts': {
    needs: [['fentry eventfd_signal', 'fentry eventfd_signal_mask']],
    limit: 'attached when a device that signals by itself (mdev) is halted: not the first milliseconds',
    absent: 'eventfd_signal cannot be attached to',
  },
  'irq-bypass': {
    needs: [['tp kvm_pi_irte_update'], ['fentry kvm_arch_irq_bypass_add_producer']],
    limit: 'not of interrupts that were posted before the agent started',
    absent: 'kvm is not loaded, or has no posted interrupts',
  },
  iommufd: {
    needs: [['fexit iommufd_ioas_map'], ['fexit iommufd_ioas_unmap'], ['fexit iommufd_hwpt_alloc']],
    limit: 'what goes without an unmap (end of a process, an IOAS destroyed, a copy) is not told',
    absent: 'iommufd is not loaded, or the kernel has none',
  },
  'vcpu-entry': {
    needs: [['raw_tp kvm_entry']],
    limit: 'attached when a device is halted: not the first milliseconds',
    absent: 'kvm is not loaded',
  },
};

function ofOptional(fact: OptionalFact, probes: Probes): FactCoverage {
  const { needs, limit, absent } = OPTIONAL[fact];
  const there = (key: string) => attached(probes, key) || probes.get(key)?.status === ProbeStatusValue.READY;
  const met = needs.every((group) => group.some(there));
  return {
    fact,
    level: met ? (limit ? 'partial' : 'complete') : 'none',
    probes: needs.flat().filter(there),
    why: met ? limit : absent,
  };
}

/** What needs a module that is not loaded is not observed either, but cannot happen. */
export const mayGoUnseen = ({ fact, level }: FactCoverage, probes: Probes): boolean =>
  level === 'none' &&
  !(
    isOptional(fact) &&
    OPTIONAL[fact].needs.flat().every((key) => probes.get(key)?.status === ProbeStatusValue.WAITING)
  );

const isOptional = (fact: Fact): fact is OptionalFact => fact in OPTIONAL;

/** All facts, in the order of FACTS. */
export function coverage(probes: Probes, devices: Iterable<Device>): FactCoverage[] {
  return FACTS.map((fact) => {
    if (fact === 'data-stream') return ofDataStream(probes, devices);
    if (fact === 'iommu-fault') return ofIommuFaults(probes);
    return isOptional(fact) ? ofOptional(fact, probes) : ofFact(fact, probes);
  });
}
