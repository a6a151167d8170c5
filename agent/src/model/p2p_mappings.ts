// SPDX-License-Identifier: Apache-2.0

/** A BAR mapped for DMA: every device of the container can reach it. */
export interface P2pMapping {
  readonly iova: number;
  readonly size: number;
  /** Device whose BAR it is. */
  readonly target: number;
  /** Place in the target: region index and offset. */
  readonly pos: number;
  readonly at: number;
}

/** Told when the first mapping of a device's BARs was made, or the last one went. */
export type Watcher = (target: number, mapped: boolean) => void;

const NONE: ReadonlySet<P2pMapping> = new Set();

/** Live mappings of BARs in one container, found by IOVA and by target without looking at the others. */
export class P2pMappings {
  /** In order of IOVA; they never overlap. */
  private readonly sorted: P2pMapping[] = [];
  private readonly byAge = new Set<P2pMapping>();
  private readonly byTarget = new Map<number, Set<P2pMapping>>();
  private watcher: Watcher | undefined;

  watch(watcher: Watcher | undefined): void {
    this.watcher = watcher;
  }

  get size(): number {
    return this.sorted.length;
  }

  [Symbol.iterator](): IterableIterator<P2pMapping> {
    return this.sorted.values();
  }

  /** Those of one device's BARs, oldest first. */
  of(target: number): ReadonlySet<P2pMapping> {
    return this.byTarget.get(target) ?? NONE;
  }

  /** Devices whose BARs are mapped. */
  targets(): IterableIterator<number> {
    return this.byTarget.keys();
  }

  /** Those that begin in a range of IOVAs. */
  within(iova: number, size: number): readonly P2pMapping[] {
    const from = this.firstFrom(iova);
    if ((this.sorted[from]?.iova ?? Infinity) >= iova + size) return [];
    return this.sorted.slice(from, this.firstFrom(iova + size));
  }

  add(m: P2pMapping): void {
    this.sorted.splice(this.firstFrom(m.iova), 0, m);
    this.byAge.add(m);
    const ofTarget = this.byTarget.get(m.target);
    if (ofTarget) {
      ofTarget.add(m);
      return;
    }
    this.byTarget.set(m.target, new Set([m]));
    this.watcher?.(m.target, true);
  }

  /** Forgets those that begin in a range of IOVAs. */
  remove(iova: number, size: number): void {
    const gone = this.within(iova, size);
    if (gone.length === 0) return;
    this.sorted.splice(this.firstFrom(iova), gone.length);
    for (const m of gone) {
      this.byAge.delete(m);
      const ofTarget = this.byTarget.get(m.target);
      ofTarget?.delete(m);
      if (ofTarget?.size !== 0) continue;
      this.byTarget.delete(m.target);
      this.watcher?.(m.target, false);
    }
  }

  dropOldest(): void {
    const [oldest] = this.byAge;
    if (oldest) this.remove(oldest.iova, 1);
  }

  /** Index of the first one that begins at `iova` or above. */
  private firstFrom(iova: number): number {
    let [low, high] = [0, this.sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.sorted[middle]?.iova ?? 0) < iova) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
