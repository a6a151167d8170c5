// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../model/device.js';
import { HALT, INIT, isIn, MIG_P2P, UNKNOWN } from '../model/fsm.js';
import { RingValue } from '../wire/events.gen.js';
import { inventory, migratingPeers, reaches } from './p2p.js';
import { broken, IN_TRANSITION, KEPT, OUT_OF_STEP, rule, SILENT, STATE_UNKNOWN } from './rule.js';

/** Stopped, and could have been made quiet first. */
const isHalted = (b: Device) => !b.transition && isIn(b.state, HALT);

export const p2pReleaseOrder = rule({
  id: 'p2p-release-order',
  version: 1,
  statement: 'No device should be able to start P2P DMA before all its peers have left the halted states.',
  says: 'managing multiple devices within a user context where peer-to-peer DMA between devices may be active',
  where: 'include/uapi/linux/vfio.h, VFIO_DEVICE_STATE_RUNNING_P2P, by symmetry',
  norm: 'N1',
  party: 'user',
  severities: ['info', 'warning'],
  scope: 'devices',
  needs: ['migration-state', 'p2p-map'],
  decides:
    "A device lands in RUNNING or PRE_COPY while a peer of the same process that has the P2P flag is in STOP, STOP_COPY or RESUMING. Warning where that peer's BAR is mapped for the device's DMA; else info.",
  benign:
    'A source that rolls back: QEMU that cancels with the guest paused sets RUNNING device by device (info). Cloud Hypervisor starts device by device.',
  action: 'Set all devices to RUNNING_P2P before the first goes to RUNNING.',
  on: ['mig_set_ret'],
  judge(w, e, d, limits) {
    if (!d || e.ret < 0 || e.miss & 1 || !isIn(e.requested, INIT)) return SILENT;
    const peers = migratingPeers(w, d, limits).filter((p) => p.flags & MIG_P2P);
    if (peers.length === 0) return SILENT;
    const t = d.transition;
    if (!t || t.disturbed || t.from === UNKNOWN) return STATE_UNKNOWN;
    if (isIn(t.from, INIT)) return SILENT;
    const halted = peers.filter(isHalted);
    if (halted.some((b) => w.mayHaveLost(RingValue.CRIT, b.landedAt))) return OUT_OF_STEP;
    const evidence = { peers: inventory(peers) };
    if (halted.length && d.episode?.side === 'source') return broken('rollback', 'info', { evidence });
    const mapped = halted.filter((b) => reaches(w, d, b));
    if (mapped.length) return broken('mapped-peer-halted', 'warning', { evidence, peers: mapped });
    if (halted.length) return broken('peer-halted', 'info', { evidence });
    if (peers.some((b) => b.transition)) return IN_TRANSITION;
    return peers.some((b) => b.state === UNKNOWN) ? STATE_UNKNOWN : KEPT;
  },
});
