// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../model/device.js';
import { HALT, INIT, isIn } from '../model/fsm.js';
import { regionIndex } from '../model/touch.js';
import type { World } from '../model/world.js';
import type { KernelEvent } from '../wire/events.gen.js';
import type { Limits } from './limits.js';
import { broken, KEPT, rule, SILENT, STATE_UNKNOWN, type Verdict } from './rule.js';

/** hisi_acc's platform cannot route P2P; what else cannot is for the operator to say. */
const UNROUTABLE = new Set(['hisi_acc_vfio_pci']);

/** A peer that may start P2P DMA now, and since when it may while `b` is halted. */
function aggressor(w: World, b: Device, container: number): Device | undefined {
  for (const a of w.devicesOf(container)) {
    if (a === b || a.transition || UNROUTABLE.has(a.driver.replaceAll('-', '_'))) continue;
    if (!a.hasMigration || isIn(a.state, INIT)) return a;
  }
  return undefined;
}

function judgeTarget(w: World, e: KernelEvent, b: Device, limits: Limits): Verdict {
  if (b.transition || !isIn(b.state, HALT)) return SILENT;
  let mapped = false;
  for (const c of w.containers.values()) {
    for (const m of c.p2p) {
      if (m.target !== b.id) continue;
      mapped = true;
      const a = aggressor(w, b, c.id);
      if (!a) continue;
      const since = Math.max(m.at, b.landedAt, a.hasMigration ? a.landedAt : a.knownAt);
      if (e.at - since < limits.p2pSustain) continue;
      return broken(`from-${a.name}`, b.episode?.side === 'pause-only' ? 'warning' : 'critical', {
        evidence: {
          from: a.name,
          from_state: a.hasMigration ? a.stateName : 'not migratable',
          bar: regionIndex(m.pos),
          iova: `0x${m.iova.toString(16)}`,
          size: m.size,
          open_ns: e.at - since,
          p2p_routable: 'unknown',
        },
      });
    }
  }
  return mapped ? KEPT : SILENT;
}

export const p2pWindowOpen = rule({
  id: 'p2p-window-open',
  version: 1,
  statement:
    'While a device is halted, no other device that has its BAR mapped for DMA may be able to start P2P DMA to it.',
  says: "it's the user's responsibility to prevent external DMA to devices while in the !_RUNNING state",
  where:
    'Williamson, quoted in 20211101172506.GC2744544@nvidia.com; the mechanism: include/uapi/linux/vfio.h, VFIO_DEVICE_STATE_RUNNING_P2P',
  norm: 'N1',
  party: 'user',
  severities: ['warning', 'critical'],
  needs: ['p2p-map', 'migration-state'],
  decides:
    'For more than a millisecond: device B in STOP, STOP_COPY or RESUMING, its BAR mapped in a container, and a device A of that container in RUNNING or PRE_COPY, or not migratable at all. Judged at each tick and when B leaves. In a pause without migration: warning. Whether A masters the bus is not observed: assumed.',
  benign:
    'Platforms that do not route P2P (hisi_acc is excepted); QEMU 8.2 and later stops in two passes and keeps the window shut.',
  action: 'Quiesce A before B is stopped, or remove the mapping.',
  on: ['tick', 'mig_set'],
  judge(w, e, d, limits) {
    if (!d) return SILENT;
    if (d.state < 0) return STATE_UNKNOWN;
    return judgeTarget(w, e, d, limits);
  },
});
