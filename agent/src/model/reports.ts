// SPDX-License-Identifier: Apache-2.0
import { type Range, Ranges, without } from './ranges.js';

/** What one report said, before it is known whether it succeeded. */
export interface DirtyBits {
  readonly tid: number;
  readonly bits: number;
  readonly first: number;
  readonly last: number;
  /** Only a part was looked at. */
  readonly partial: boolean;
}

/** Memory that was unmapped while it was tracked and unreported since its devices last could write to it. */
export type Dropped = Range;

const MAX_DROPPED = 64;

/** What the dirty reports of one tracker have covered: a device's own, or a type1 container's. */
export class Reports {
  /** Reported while a device could still do DMA. */
  readonly before = new Ranges();
  /** Asked for and reported since all devices were halted. */
  readonly after = new Ranges();
  /** A report came after the halt that may have been asked for before it. */
  unsure = false;
  /** A report failed: what was logged is not known. */
  failed = false;
  /** When tracking was last started, relative ns; -1 never. */
  startedAt = -1;
  dropped: Dropped[] = [];
  /** Threads that were seen outside the kernel since the halt: what they ask for now, they ask for after it. */
  private readonly threads = new Set<number>();

  start(at: number): void {
    this.halted();
    this.before.clear();
    this.failed = false;
    this.startedAt = at;
    this.dropped = [];
  }

  /** One more device has halted: what was reported until now no longer tells everything. */
  halted(): void {
    for (const part of this.after) this.before.add(part.from, part.to - part.from);
    this.after.clear();
    this.threads.clear();
    this.unsure = false;
  }

  /** Would a report that this thread returns from now have been asked for after the halt? */
  askedAfterHalt(tid: number, haltedBy: number): boolean {
    return tid === haltedBy || this.threads.has(tid);
  }

  /** A report succeeded. `haltedBy` is the thread that halted the last device; undefined while one is not halted. */
  reported(iova: number, size: number, tid: number, haltedBy: number | undefined): void {
    // What was unmapped as a whole may have been mapped again, and be reported, in pieces.
    if (this.dropped.length > 0) this.dropped = without(this.dropped, iova, iova + size);
    if (haltedBy === undefined) {
      this.before.add(iova, size);
      return;
    }
    if (this.askedAfterHalt(tid, haltedBy)) this.after.add(iova, size);
    else this.unsure = true;
    this.threads.add(tid);
  }

  private drop({ from, to }: Dropped): void {
    const known = this.dropped.some((d) => d.from === from && d.to === to);
    if (!known && this.dropped.length < MAX_DROPPED) this.dropped.push({ from, to });
  }

  /** What is unmapped can be reported no more. */
  unmapped(iova: number, size: number, reported: boolean): void {
    if (!reported && !this.after.covers(iova, size)) this.drop({ from: iova, to: iova + size });
    this.before.remove(iova, size);
    this.after.remove(iova, size);
  }
}
