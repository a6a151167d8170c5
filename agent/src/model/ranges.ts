// SPDX-License-Identifier: Apache-2.0
/** Addresses from `from` up to, not including, `to`. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** What is left of the parts without the addresses from `from` up to, not including, `to`. */
export function without(parts: readonly Range[], from: number, to: number): Range[] {
  return parts.flatMap((part) => {
    if (part.to <= from || part.from >= to) return [part];
    return [
      { from: part.from, to: Math.min(part.to, from) },
      { from: Math.max(part.from, to), to: part.to },
    ].filter((p) => p.from < p.to);
  });
}

/** More than a VMM maps; beyond it the set says that it is incomplete. */
const MAX_RANGES = 4096;

/** A set of addresses, as ranges that neither overlap nor touch, in order. */
export class Ranges {
  private parts: Range[] = [];
  /** A range did not fit: what the set lacks may have been in it. */
  incomplete = false;

  get isEmpty(): boolean {
    return this.parts.length === 0;
  }

  [Symbol.iterator](): Iterator<Range> {
    return this.parts[Symbol.iterator]();
  }

  clear(): void {
    this.parts = [];
    this.incomplete = false;
  }

  add(from: number, size: number): void {
    if (size <= 0 || this.covers(from, size)) return;
    let [low, high] = [from, from + size];
    const rest: Range[] = [];
    for (const part of this.parts) {
      if (part.to < low || part.from > high) rest.push(part);
      else [low, high] = [Math.min(low, part.from), Math.max(high, part.to)];
    }
    if (rest.length >= MAX_RANGES) this.incomplete = true;
    else rest.push({ from: low, to: high });
    this.parts = rest.sort((a, b) => a.from - b.from);
  }

  remove(from: number, size: number): void {
    if (this.overlaps(from, size)) this.parts = without(this.parts, from, from + size);
  }

  covers(from: number, size: number): boolean {
    return this.parts.some((part) => part.from <= from && part.to >= from + size);
  }

  has(address: number): boolean {
    return this.covers(address, 1);
  }

  overlaps(from: number, size: number): boolean {
    return this.parts.some((part) => part.from < from + size && part.to > from);
  }

  /** The first range of this set that the other does not cover. */
  notIn(other: Ranges): Range | undefined {
    return this.parts.find((part) => !other.covers(part.from, part.to - part.from));
  }
}
