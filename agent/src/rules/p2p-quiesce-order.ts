// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../model/device.js';
import { HALT, INIT, isIn, MIG_P2P, QUIET, refusal, State, stateName, UNKNOWN } from '../model/fsm.js';
import { RingValue } from '../wire/events.gen.js';
import { inventory, migratingPeers, reaches } from './p2p.js';
import { broken, IN_TRANSITION, KEPT, OUT_OF_STEP, rule, SILENT, STATE_UNKNOWN } from './rule.js';

/** May start P2P DMA, and could have been made quiet. */
const isRunning = (a: Device) => !a.transition && isIn(a.state, INIT);

export const p2pQuiesceOrder = rule({
  id: 'p2p-quiesce-order',
  version: 1,
  statement: 'Before a device of a VM is stopped, all its peers should be quiet or stopped.',
  says: 'managing multiple devices within a user context where peer-to-peer DMA between devices may be active',
  where: 'include/uapi/linux/vfio.h, VFIO_DEVICE_STATE_RUNNING_P2P',
  norm: 'N1',
  party: 'user',
  severities: ['info', 'warning'],
  scope: 'devices',
  needs: ['migration-state', 'p2p-map'],
  decides:
    "SET_STATE takes a device from RUNNING, PRE_COPY or a P2P state to STOP, STOP_COPY or RESUMING while a peer of the same process that has the P2P flag is RUNNING or PRE_COPY. Warning where the device's BAR is mapped for that peer's DMA; else info, and not judged for RESUMING.",
  benign:
    'One device unplugged or failed over. Cloud Hypervisor stops device by device; QEMU 8.2 and later makes all quiet first.',
  action: 'Set all devices to RUNNING_P2P or PRE_COPY_P2P before the first is stopped.',
  on: ['mig_set'],
  judge(w, e, d, limits) {
    if (!d || e.miss || d.transition || !isIn(e.requested, HALT)) return SILENT;
    const peers = migratingPeers(w, d, limits).filter((p) => p.flags & MIG_P2P);
    if (peers.length === 0) return SILENT;
    if (d.state === UNKNOWN) return STATE_UNKNOWN;
    if (!isIn(d.state, INIT | QUIET) || refusal(d.state, e.requested, d.flags)) return SILENT;
    const running = peers.filter(isRunning);
    if (running.some((a) => w.mayHaveLost(RingValue.CRIT, a.landedAt))) return OUT_OF_STEP;
    const mapped = running.filter((a) => reaches(w, a, d));
    const evidence = { requested: stateName(e.requested), peers: inventory(peers) };
    if (mapped.length) return broken('mapped-peer-running', 'warning', { evidence, peers: mapped });
    if (running.length && e.requested === State.RESUMING) return SILENT;
    if (running.length) return broken('peer-running', 'info', { evidence });
    if (peers.some((a) => a.transition)) return IN_TRANSITION;
    return peers.some((a) => a.state === UNKNOWN) ? STATE_UNKNOWN : KEPT;
  },
});
