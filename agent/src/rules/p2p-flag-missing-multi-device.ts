// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../model/device.js';
import { isIn, MIG_P2P, SAVE, State, UNKNOWN } from '../model/fsm.js';
import type { World } from '../model/world.js';
import { inventory, migratingPeers, reaches } from './p2p.js';
import { broken, KEPT, rule, SILENT, STATE_UNKNOWN } from './rule.js';

const migrates = (p: Device) => p.episode?.side === 'source' || p.episode?.side === 'destination';

const reachable = (w: World, all: readonly Device[], lacking: Device): boolean =>
  all.some((p) => p !== lacking && (reaches(w, p, lacking) || reaches(w, lacking, p)));

export const p2pFlagMissingMultiDevice = rule({
  id: 'p2p-flag-missing-multi-device',
  version: 1,
  statement: 'Several devices of one VM should migrate together only if all have the P2P flag.',
  says: 'For the purpose of specification the states behave as though the device was fully running if not supported.',
  where:
    'include/uapi/linux/vfio.h, VFIO_DEVICE_STATE_RUNNING_P2P; Gunthorpe, 2021-11-01, 20211101172506.GC2744544',
  norm: 'N3',
  party: 'user',
  severities: ['info', 'warning'],
  scope: 'devices',
  needs: ['migration-state', 'p2p-map'],
  decides:
    'A device enters PRE_COPY*, STOP_COPY or RESUMING while another of the same process migrates, and one of them lacks VFIO_MIGRATION_P2P. Warning where a BAR of it, or of another for it, is mapped for DMA; else info.',
  benign: 'hisi_acc, whose platform does not route P2P. QEMU refuses such a migration.',
  action: 'Unplug the device for the migration, or make sure that the devices do not talk to each other.',
  on: ['mig_set_ret'],
  judge(w, e, d, limits) {
    if (!d || e.ret < 0 || e.miss & 1) return SILENT;
    if (!isIn(e.requested, SAVE | (1 << State.RESUMING))) return SILENT;
    const t = d.transition;
    if (!t || t.disturbed || t.from === UNKNOWN) return STATE_UNKNOWN;
    if (isIn(t.from, SAVE | (1 << State.RESUMING))) return SILENT;
    const all = [d, ...migratingPeers(w, d, limits).filter(migrates)];
    if (all.length < 2) return SILENT;
    const lacking = all.filter((p) => !(p.flags & MIG_P2P));
    if (lacking.length === 0) return KEPT;
    const mapped = lacking.some((p) => reachable(w, all, p));
    return broken(mapped ? 'mapped' : 'without-p2p', mapped ? 'warning' : 'info', {
      evidence: { devices: inventory(all), lacking: lacking.map((p) => p.name) },
    });
  },
});
