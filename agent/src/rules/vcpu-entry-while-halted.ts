// SPDX-License-Identifier: Apache-2.0
import { seesVcpus } from '../model/coverage.js';
import type { Device } from '../model/device.js';
import { HALT, isIn, QUIET } from '../model/fsm.js';
import type { World } from '../model/world.js';
import { type MigSetEvent, RingValue, type VcpuEntryEvent } from '../wire/events.gen.js';
import type { Limits } from './limits.js';
import { broken, IN_TRANSITION, KEPT, rule, type Severity, SILENT, unknown, type Verdict } from './rule.js';
import { settledIn } from './settled.js';

const MISSING = unknown('vCPU entries may have been lost');
const TOO_SHORT = unknown('it was over before vCPU entries were watched');

/** Nothing of the device was ever mapped: the guest cannot reach it but through the VMM. */
const unreachable = (w: World, d: Device): boolean =>
  d.mmaps === 0 && d.openSeen && !w.mayHaveLost(RingValue.CRIT, d.knownAt);

/** A device that its manager paused alone, and that the guest cannot reach, is one degree less. */
function severity(w: World, d: Device): Severity {
  const alone = (d.episode?.side ?? 'pause-only') === 'pause-only' && unreachable(w, d);
  if (isIn(d.state, HALT)) return alone ? 'warning' : 'critical';
  return alone ? 'info' : 'warning';
}

function onEntry(w: World, e: VcpuEntryEvent, d: Device | undefined, limits: Limits): Verdict {
  const settled = settledIn(d, e, HALT | QUIET, limits.epsCpu);
  if (typeof settled !== 'boolean') return settled;
  if (!settled || !d) return KEPT;
  return broken(`entry-in-${d.stateName}`, severity(w, d), {
    evidence: {
      vcpu: e.vcpu,
      since_landed_ns: e.at - d.landedAt,
      mmaps: d.mmaps,
      faults_since_zap: d.faultsSinceZap,
    },
  });
}

/** The device is about to serve again: was the guest seen to run while it did not? */
function onLeave(w: World, e: MigSetEvent, d: Device): Verdict {
  if (!isIn(d.state, HALT) || e.miss || isIn(e.requested, HALT) || d.haltedAt < 0) return SILENT;
  if (d.transition) return IN_TRANSITION;
  if (d.lastVcpuEntryAt >= d.haltedAt) return SILENT; // judged as it came
  if (w.mayHaveLost(RingValue.BULK, d.haltedAt)) return MISSING;
  return seesVcpus(w.probes) ? KEPT : TOO_SHORT;
}

export const vcpuEntryWhileHalted = rule({
  id: 'vcpu-entry-while-halted',
  version: 1,
  statement: 'No vCPU of a VM may run while one of its VFIO devices is halted or quiet.',
  says: 'Userspace necessarily needs to stop vCPUs before stopping devices',
  where:
    'Williamson, 2021-12-20, 20211220154930.071527e3; the duty that makes it necessary: include/uapi/linux/vfio.h, "the user must not touch the device"',
  norm: 'N1',
  party: 'user',
  scope: 'vm',
  severities: ['info', 'warning', 'critical'],
  needs: ['vcpu-entry', 'migration-state'],
  decides:
    'A vCPU of the process that has the device open entered its guest more than 50 µs after the device landed. STOP, STOP_COPY, RESUMING: critical; a P2P state: warning. Kept when the halted device is let go again and no entry came between; unknown where it was let go before entries were watched, which begins some milliseconds after the first device of the host halts. What a running guest does through mappings that are in place is not seen: this stands for it.',
  benign:
    'A device that is paused alone, outside a migration, and of which nothing is mapped: one degree less. Devices that cannot migrate do not count. QEMU stops its vCPUs before the first SET_STATE and resumes them after the last.',
  action: 'The VMM must stop its vCPUs before it stops a device, and start them after all devices run.',
  on: ['vcpu_entry', 'mig_set'],
  judge(w, e, d, limits) {
    if (e.kind === 'vcpu_entry') return onEntry(w, e, d, limits);
    return d ? onLeave(w, e, d) : SILENT;
  },
});
