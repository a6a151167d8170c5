// SPDX-License-Identifier: Apache-2.0
import type { Instant } from '../config/instant.js';

/** The part of a trace that is shown: from and until, both inclusive, on the clock of its records. */
export class Span {
  private base: bigint | undefined;
  private first = Number.NEGATIVE_INFINITY;
  private last = Number.POSITIVE_INFINITY;

  constructor(
    private readonly from: Instant | undefined,
    private readonly until: Instant | undefined,
    /** CLOCK_REALTIME minus CLOCK_MONOTONIC of the trace, ns. */
    private readonly clockOffset: bigint,
  ) {}

  /** `at` is relative to `base`, CLOCK_MONOTONIC of the first record; ns. */
  has(at: number, base: bigint): boolean {
    if (base !== this.base) {
      this.base = base;
      this.first = this.relative(this.from, base) ?? this.first;
      this.last = this.relative(this.until, base) ?? this.last;
    }
    return at >= this.first && at <= this.last;
  }

  private relative(instant: Instant | undefined, base: bigint): number | undefined {
    if (!instant) return undefined;
    return 'since' in instant ? instant.since : Number(instant.wall - this.clockOffset - base);
  }
}
