// SPDX-License-Identifier: Apache-2.0
/** Devices of one VM, and which of them can reach which. */
import type { Device } from '../model/device.js';
import type { World } from '../model/world.js';
import type { Limits } from './limits.js';

/**
 * The other devices of the VM that migrate: those that the same process has open. Not those that do so by v1,
 * which has no quiet state: in what order they go tells nothing. Nor those that no P2P DMA is routed to or from.
 */
export function migratingPeers(w: World, d: Device, { routing }: Limits): Device[] {
  return [...w.devices.ofProcess(d.tgid)].filter((p) => p !== d && p.hasMigOps && routing.between(p, d));
}

/** Is a BAR of `b` mapped where `a` can reach it? */
export function reaches(w: World, a: Device, b: Device): boolean {
  return (w.containers.get(a.container)?.p2p.of(b.id).size ?? 0) > 0;
}

/** For evidence. */
export const inventory = (devices: readonly Device[]) =>
  devices.map((p) => ({ device: p.name, state: p.stateName, migration_flags: p.flags }));
