// SPDX-License-Identifier: Apache-2.0
import type { MetricRow } from './metric_table.js';
import { boundText, type Labels, type Line, Series } from './series.js';

const NS = 1e-9;

/** One labelled histogram of durations, counted in a typed array. */
export class DurationHistogram {
  private readonly bounds: readonly number[];
  /** Per bucket, not cumulative; the last one is +Inf. */
  private readonly counts: Float64Array;
  private sumNs = 0;
  private readonly buckets: readonly Series[];
  private readonly sum: Series;
  private readonly count: Series;

  constructor(row: MetricRow, labels: Labels) {
    this.bounds = row.buckets ?? [];
    this.counts = new Float64Array(this.bounds.length + 1);
    this.buckets = [...this.bounds.map(boundText), '+Inf'].map(
      (le) => new Series({ ...labels, le }, `${row.name}_bucket`),
    );
    this.sum = new Series(labels, `${row.name}_sum`);
    this.count = new Series(labels, `${row.name}_count`);
  }

  /** `took` in ns; records of two CPUs may be out of order by a little, hence the floor. */
  observe(took: number): void {
    const ns = Math.max(0, took);
    const seconds = ns * NS;
    let i = 0;
    while (i < this.bounds.length && seconds > (this.bounds[i] ?? 0)) i++;
    this.counts[i] = (this.counts[i] ?? 0) + 1;
    this.sumNs += ns;
  }

  /** Appends its lines as they are now. */
  collect(into: Line[]): void {
    let total = 0;
    this.buckets.forEach((bucket, i) => {
      total += this.counts[i] ?? 0;
      bucket.value = total;
      into.push(bucket);
    });
    this.sum.value = this.sumNs * NS;
    this.count.value = total;
    into.push(this.sum, this.count);
  }
}
