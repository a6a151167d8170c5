// SPDX-License-Identifier: Apache-2.0
/**
 * Series live as long as what they describe and are only given new numbers: their label text never changes, so a
 * scrape formats nothing but numbers, and of devices (Block) only those that are new.
 */
import type { MetricKey } from './metric_table.js';

export type Labels = Readonly<Record<string, string>>;

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };

/** `{a="1",b="2"}`; empty where there are none. */
export function labelText(labels: Readonly<Record<string, string | number>>): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${String(value).replace(/[\\"\n]/g, (c) => ESCAPES[c] ?? c)}"`,
  );
  return pairs.length ? `{${pairs.join(',')}}` : '';
}

/** A number as both text formats have it. */
export function numberText(n: number): string {
  if (Number.isFinite(n)) return String(n);
  return Number.isNaN(n) ? 'NaN' : n > 0 ? '+Inf' : '-Inf';
}

/** A bucket's bound as OpenMetrics asks for it, in both formats: `le` must not depend on who scrapes. */
export function boundText(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : numberText(bound);
}

/** An example of what was counted last: where to look it up. */
export interface Exemplar {
  /** Names and values together at most 128 characters. */
  readonly labels: Labels;
  /** Unix time. */
  readonly seconds: number;
}

/** One line of /metrics, or several of one metric. */
export interface Line {
  /** With newlines. A line belongs to one metric, whose name is given. */
  text(name: string): string;
  readonly exemplar?: Exemplar | undefined;
}

/** One line of /metrics. */
export class Series implements Line {
  value = 0;
  /** Of `value`, what earlier lives of a device counted. */
  base = 0;
  exemplar: Exemplar | undefined;
  private label: string | undefined;

  /** `metricName` where it is not the metric's own: the parts of a histogram. */
  constructor(
    readonly labels: Labels,
    readonly metricName?: string,
  ) {}

  text(name: string): string {
    this.label ??= `${this.metricName ?? name}${labelText(this.labels)} `;
    return `${this.label}${numberText(this.value)}\n`;
  }
}

/**
 * Series of one metric that seldom change: their text is kept until a value differs. Of a thousand devices a few migrate,
 * and text is what a scrape costs. `series` may grow, and must have no exemplars.
 */
export class Block implements Line {
  private readonly shown: number[] = [];
  private kept = '';

  constructor(private readonly series: readonly Series[]) {}

  text(name: string): string {
    if (this.changed()) this.kept = this.series.map((s) => s.text(name)).join('');
    return this.kept;
  }

  private changed(): boolean {
    const { series, shown } = this;
    let changed = shown.length !== series.length;
    for (let i = 0; i < series.length; i++) {
      const value = series[i]?.value ?? 0;
      if (Object.is(value, shown[i])) continue;
      shown[i] = value;
      changed = true;
    }
    return changed;
  }
}

/** The lines of one scrape, by metric. */
export type Lines = Readonly<Record<MetricKey, Line[]>>;
