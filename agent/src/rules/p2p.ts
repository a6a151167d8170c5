// SPDX-License-Identifier: Apache-2.0
/** Devices of one VM, and which of them can reach which. */
import type { Device } from '../model/device.js';
import type { World } from '../model/world.js';

/** hisi_acc's platform cannot route P2P; what else cannot is for the operator to say. */
const UNROUTABLE = new Set(['hisi_acc_vfio_pci', 'hisi-acc-vfio-pci']);

/** Can P2P DMA from or to it be routed, as far as is known? */
export function routable(d: Device): boolean {
  return !UNROUTABLE.has(d.driver);
}

/**
 * The other devices of the VM that migrate: those that the same process has open. Not those that do so by v1,
 * which has no quiet state: in what order they go tells nothing.
 */
export function migratingPeers(w: World, d: Device): Device[] {
  return [...w.devices.ofProcess(d.tgid)].filter((p) => p !== d && p.hasMigOps && routable(p));
}

/** Is a BAR of `b` mapped where `a` can reach it? */
export function reaches(w: World, a: Device, b: Device): boolean {
  return (w.containers.get(a.container)?.p2p.of(b.id).size ?? 0) > 0;
}

/** For evidence. */
export const inventory = (devices: readonly Device[]) =>
  devices.map((p) => ({ device: p.name, state: p.stateName, migration_flags: p.flags }));
