// SPDX-License-Identifier: Apache-2.0
import type { Device } from './device.js';
import { IdMap } from './id_map.js';

/** The open devices by id, and what is asked of them so often that looking at all of them would not do. */
export class Devices extends IdMap<Device> {
  private readonly byProcess = new Map<number, Set<Device>>();
  private readonly byGroup = new Map<number, Set<Device>>();

  /** Those that a process has open, in the order in which they were opened. */
  ofProcess(tgid: number): Iterable<Device> {
    return this.byProcess.get(tgid) ?? [];
  }

  /** Those of an IOMMU group. */
  ofGroup(group: number): Iterable<Device> {
    return this.byGroup.get(group) ?? [];
  }

  override set(id: number, d: Device): this {
    this.forget(this.get(id));
    file(this.byProcess, d.tgid, d);
    file(this.byGroup, d.group, d);
    return super.set(id, d);
  }

  override delete(id: number): boolean {
    this.forget(this.get(id));
    return super.delete(id);
  }

  private forget(d: Device | undefined): void {
    if (!d) return;
    unfile(this.byProcess, d.tgid, d);
    unfile(this.byGroup, d.group, d);
  }

  override clear(): void {
    this.byProcess.clear();
    this.byGroup.clear();
    super.clear();
  }
}

function file(index: Map<number, Set<Device>>, key: number, d: Device): void {
  const others = index.get(key);
  if (others) others.add(d);
  else index.set(key, new Set([d]));
}

function unfile(index: Map<number, Set<Device>>, key: number, d: Device): void {
  const others = index.get(key);
  others?.delete(d);
  if (others?.size === 0) index.delete(key);
}
