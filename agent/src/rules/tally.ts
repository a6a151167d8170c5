// SPDX-License-Identifier: Apache-2.0

/** How often a rule answered what; `unknown` is an answer. */
export interface Tally {
  readonly kept: number;
  readonly broken: number;
  readonly unknown: number;
}

/** The tally of a rule, by its id. */
export interface TallyBook {
  get(id: string): Tally | undefined;
}

/** Places of one rule's three counts, from its number times COUNTS on. */
const [KEPT, BROKEN, UNKNOWN, COUNTS] = [0, 1, 2, 3] as const;

/** The tallies of all rules, as numbers side by side: counting a verdict is one addition. */
export class Tallies implements TallyBook {
  /** Exact to 2^53. */
  private counts = new Float64Array(64 * COUNTS);
  private readonly numbers = new Map<string, number>();

  /** The rule's number; from then on it has a tally. */
  numberOf(id: string): number {
    const known = this.numbers.get(id);
    if (known !== undefined) return known;
    const number = this.numbers.size;
    this.numbers.set(id, number);
    if (this.counts.length < this.numbers.size * COUNTS) {
      const more = new Float64Array(this.counts.length * 2);
      more.set(this.counts);
      this.counts = more;
    }
    return number;
  }

  kept(number: number, times: number): void {
    this.add(number * COUNTS + KEPT, times);
  }

  broken(number: number): void {
    this.add(number * COUNTS + BROKEN, 1);
  }

  unknown(number: number, times: number): void {
    this.add(number * COUNTS + UNKNOWN, times);
  }

  private add(at: number, times: number): void {
    this.counts[at] = (this.counts[at] ?? 0) + times;
  }

  /** Rules that have a tally. */
  get size(): number {
    return this.numbers.size;
  }

  has(id: string): boolean {
    return this.numbers.has(id);
  }

  get(id: string): Tally | undefined {
    const number = this.numbers.get(id);
    if (number === undefined) return undefined;
    const [kept = 0, broken = 0, unknown = 0] = this.counts.subarray(number * COUNTS, (number + 1) * COUNTS);
    return { kept, broken, unknown };
  }

  *[Symbol.iterator](): Generator<[string, Tally]> {
    for (const id of this.numbers.keys()) {
      const tally = this.get(id);
      if (tally) yield [id, tally];
    }
  }
}
