// SPDX-License-Identifier: Apache-2.0
/** Between which devices P2P DMA cannot be routed. No kernel says so (6.12): it is for the operator to know. */
import type { Device } from '../model/device.js';

/** hisi_acc's platform has no P2P, as its driver says. */
export const DEFAULT_UNROUTABLE: readonly string[] = ['hisi_acc_vfio_pci'];

/** `entries`: a driver, whose devices no P2P DMA reaches or leaves, or the names of two devices, in either order. */
export class Routing {
  private readonly drivers = new Set<string>();
  private readonly pairs = new Set<string>();

  constructor(entries: readonly string[]) {
    for (const entry of entries) {
      const [one = '', other] = entry.trim().split(/\s+/);
      // A module's name has underscores, a driver's may have either.
      if (other === undefined) this.drivers.add(one.replaceAll('-', '_')).add(one.replaceAll('_', '-'));
      else this.pairs.add(`${one} ${other}`).add(`${other} ${one}`);
    }
  }

  private reaches(d: Device): boolean {
    return !this.drivers.has(d.driver);
  }

  between(a: Device, b: Device): boolean {
    if (!this.reaches(a) || !this.reaches(b)) return false;
    return this.pairs.size === 0 || !this.pairs.has(`${a.name} ${b.name}`);
  }
}
