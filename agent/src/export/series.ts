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
  /** Lines that it is. */
  readonly size: number;
  readonly exemplar?: Exemplar | undefined;
}

/** One line of /metrics. */
export class Series implements Line {
  /** Of `value`, what earlier lives of a device counted. */
  base = 0;
  /** What `value` is about to be: a sum that is still being made. */
  next = 0;
  exemplar: Exemplar | undefined;
  /** Where its text is kept. */
  block: Block | undefined;
  private current = 0;
  private label: string | undefined;

  /** `metricName` where it is not the metric's own: the parts of a histogram. */
  constructor(
    readonly labels: Labels,
    readonly metricName?: string,
  ) {}

  get size(): number {
    return 1;
  }

  get value(): number {
    return this.current;
  }

  set value(n: number) {
    if (Object.is(n, this.current)) return;
    this.current = n;
    this.block?.touch();
  }

  text(name: string): string {
    this.label ??= `${this.metricName ?? name}${labelText(this.labels)} `;
    return `${this.label}${numberText(this.current)}\n`;
  }
}

/**
 * Lines of one metric that seldom change: their text is kept until one of them does. Of a thousand devices a few
 * migrate, and text is what a scrape costs. Blocks may be made of blocks; none may have exemplars.
 */
export class Block implements Line {
  /** The block that this one is part of. */
  block: Block | undefined;
  private kept: string | undefined;

  constructor(private readonly parts: (Series | Block)[] = []) {
    for (const part of parts) part.block = this;
  }

  add(part: Series | Block): void {
    part.block = this;
    this.parts.push(part);
    this.touch();
  }

  remove(part: Series | Block): void {
    const at = this.parts.indexOf(part);
    if (at < 0) return;
    part.block = undefined;
    this.parts.splice(at, 1);
    this.touch();
  }

  clear(): void {
    this.parts.length = 0;
    this.touch();
  }

  get size(): number {
    return this.parts.reduce((sum, part) => sum + part.size, 0);
  }

  /** Something in it has changed. */
  touch(): void {
    if (this.kept === undefined) return;
    this.kept = undefined;
    this.block?.touch();
  }

  text(name: string): string {
    this.kept ??= this.parts.map((part) => part.text(name)).join('');
    return this.kept;
  }
}

/** The lines of one scrape, by metric. */
export type Lines = Readonly<Record<MetricKey, Line[]>>;
