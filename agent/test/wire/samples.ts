// SPDX-License-Identifier: Apache-2.0
/** One record of each kind with values at the ends of their ranges, and what must be read back. */
import type { EventKind, RecordFields } from '../../src/wire/events.gen.js';

const U32 = 0xffffffff;
const U64 = 0xffff_ffff_ffff_ffffn;
const I32 = -0x8000_0000;
/** -(2^53 - 1): the least that a double holds exactly. */
const I53 = -9007199254740991n;

/** `n` characters: what fits beside the NUL. */
const full = (size: number) => 'x'.repeat(size - 1);

const HDR = { miss: U32, tgid: U32, tid: U32 - 1, dev: U32 - 2, gen: U32 - 3 };

export const SAMPLES: { [K in EventKind]: RecordFields[K] } = {
  device: {
    ...HDR,
    how: 3,
    flags: U32,
    group: -1,
    container: U32,
    hasMigOps: 1,
    hasLogOps: 1,
    name: full(40),
    driver: full(32),
    bus: full(16),
    comm: full(16),
  },
  open: { ...HDR, openCount: U32, ret: I32 },
  close: { ...HDR, last: 1, exiting: 1, exitCode: 0xff7f },
  mig_set: { ...HDR, requested: U32 },
  mig_set_ret: { ...HDR, requested: U32, ret: -22, dataFd: -1, session: U32 },
  mig_get: { ...HDR, state: U32, ret: I32 },
  mig_arc: { ...HDR, cur: 7, requested: U32, next: 6, ret: -22 },
  data_read: { ...HDR, session: U32, count: 2n ** 53n - 1n, ret: I53 },
  data_write: { ...HDR, session: U32, count: 2n ** 40n, ret: -19 },
  data_release: { ...HDR, session: U32 },
  set_irqs: { ...HDR, flags: 0x24, index: 4, start: U32, count: U32, ret: I32 },
  dma_map: { ...HDR, container: U32, flags: U32, iova: U64, vaddr: U64, size: 2n ** 52n, ret: -14 },
  dma_unmap: { ...HDR, container: U32, flags: 7, iova: U64 - 0xfffn, size: 4096, ret: 0 },
  container: { ...HDR, container: U32, group: I32, attached: 1, ret: -16 },
  region_read: { ...HDR, pos: (7n << 40n) | 4n, count: 4, ret: 4 },
  region_write: { ...HDR, pos: (9n << 40n) | 0xffff_ffffn, count: 2n ** 53n - 1n, ret: -5 },
  reset: { ...HDR, resetKind: 3, ret: I32, began: 0 },
  dirty_log: { ...HDR, op: 3, container: U32, iova: U64, size: U64, pageSize: 4096, ret: -22 },
  lost: { ...HDR, ring: 1, count: 2n ** 53n - 1n },
  tick: { ...HDR, wall: 1_700_000_000_123_456_789n },
  probe: { ...HDR, status: 3, required: 1, name: full(48), probeKind: full(16) },
  vm: { ...HDR, name: full(64), uuid: full(40) },
  mmap: { ...HDR, pos: 9n << 40n, size: 2n ** 52n, ret: -22 },
  fault: { ...HDR, pos: (2n << 40n) | 0x10_0000n, ret: 0x100, order: 18, prefault: 1 },
  zap: { ...HDR, cause: 4 },
  memory_enable: HDR,
  ioeventfd: { ...HDR, pos: 1n << 40n, count: 8, value: U64 },
  config_write: { ...HDR, offset: 4, count: 2n ** 53n - 1n, value: U64, ret: -14 },
  p2p_map: { ...HDR, container: U32, target: U32, iova: U64, size: 2n ** 52n, pos: 1n << 40n },
  dma_remove: { ...HDR, container: U32, iova: U64, size: U64 },
  irq: { ...HDR, irqKind: 2, irq: U32 },
  low_power: { ...HDR, feature: 5, ret: I32 },
  precopy_info: { ...HDR, session: U32, ret: -22, initialBytes: 2n ** 53n - 1n, dirtyBytes: U64 },
  iommu_fault: { ...HDR, logged: 5, iova: U64, write: 1, reason: 5, bdf: full(40) },
  v1_region: { ...HDR, index: 9, pciLayout: 1, size: U64 },
  v1_access: { ...HDR, offset: 8, count: 8, value: U64, ret: -14, write: 1 },
  vcpu_entry: { ...HDR, vcpu: U32 },
  aer: { ...HDR, aerSeverity: 2, status: U32, bdf: full(40) },
  pin: { ...HDR, iova: U64, pages: 2n ** 53n - 1n, pinned: 1, ret: I32 },
  dma_rw: { ...HDR, iova: U64, count: 2n ** 53n - 1n, write: 1, ret: -14 },
  dirty_range: { ...HDR, iova: U64, size: U64, pageSize: 4096 },
  dirty_bits: {
    ...HDR,
    container: U32,
    partial: 1,
    first: 2n ** 63n,
    last: U64,
    bits: 2n ** 53n - 1n,
    pageSize: 4096,
  },
  irq_bypass: { ...HDR, irq: U32, posted: 1 },
  ioas: { ...HDR, container: U32, ptId: U32, ret: I32 },
  repeats: { ...HDR, of: 31, part: 2, count: 2n ** 53n - 1n, sum: U64, first: 5, last: 6 },
  known_state: { ...HDR, state: U32, certainty: 3 },
  known_mapping: { ...HDR, container: U32, certainty: 1, iova: U64, vaddr: U64, size: U64 },
  known_irqs: { ...HDR, index: 4, count: U32, certainty: 2 },
  msi_enable: { ...HDR, index: 2, enabled: 1 },
  snapshot: { ...HDR, now: 7, length: 2n ** 53n - 1n },
  snap_text: { ...HDR, offset: 120, text: full(120) },
  known_container: { ...HDR, container: U32, complete: 1, mappings: 2n ** 53n - 1n, tracking: 1 },
  data_fd: { ...HDR, session: U32, observed: 1 },
  cgroup: { ...HDR, path: full(192) },
};

export const KINDS = Object.keys(SAMPLES) as EventKind[];
