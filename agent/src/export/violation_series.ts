// SPDX-License-Identifier: Apache-2.0
/** Findings and verdicts by rule. */
import type { Violation } from '../rules/finding.js';
import type { RuleText, Severity } from '../rules/rule.js';
import type { Tally, TallyBook } from '../rules/tally.js';
import { Block, type Exemplar, type Labels, type Lines, Series } from './series.js';

const DAY_MS = 86_400_000;
/** (device, rule) pairs whose last violation is remembered; the oldest go first. */
const MAX_LAST = 5_000;
/** Their text is kept in so many parts: of thousands of pairs a scrape finds a few changed. */
const LAST_PARTS = 64;

interface Last {
  readonly series: Series;
  /** When it came in, ms of the injected clock: wall times of a record may be off or missing. */
  at: number;
}

/** The format's limit, of names and values together. */
const EXEMPLAR_CHARS = 128;

/** The capture that shows the finding, else what finds its record in the violations file. */
function exemplar(v: Violation, capture: string | undefined, seconds: number): Exemplar | undefined {
  const labels: Labels =
    capture === undefined ? { device: v.device, at_ns: String(v.at_ns) } : { capture_id: capture };
  const chars = Object.entries(labels).reduce((sum, [k, value]) => sum + k.length + value.length, 0);
  return chars > EXEMPLAR_CHARS ? undefined : { labels, seconds };
}

export class ViolationSeries {
  private readonly totals = new Map<string, Series>();
  private readonly last = new Map<string, Last>();
  private readonly lastParts = Array.from({ length: LAST_PARTS }, () => new Block());
  private nextPart = 0;
  private readonly verdicts = new Map<string, Record<keyof Tally, Series>>();

  constructor(
    rules: readonly Pick<RuleText, 'id' | 'severities'>[],
    private readonly now: () => number,
  ) {
    this.activate(rules);
  }

  /** Counters of these exist from here on; none ever leaves. */
  activate(rules: readonly Pick<RuleText, 'id' | 'severities'>[]): void {
    for (const { id, severities } of rules) {
      for (const severity of severities) this.total(id, severity);
      const of = (verdict: string) => new Series({ rule: id, verdict });
      if (!this.verdicts.has(id))
        this.verdicts.set(id, { kept: of('kept'), broken: of('broken'), unknown: of('unknown') });
    }
  }

  add(v: Violation, capture?: string): void {
    const total = this.total(v.rule, v.severity);
    const key = `${v.device}|${v.rule}`;
    const known = this.last.get(key);
    const series = known?.series ?? this.remember(new Series({ device: v.device, rule: v.rule }));
    const wall = Date.parse(v.wall);
    series.value = (Number.isNaN(wall) ? this.now() : wall) / 1000;
    total.value++;
    total.exemplar = exemplar(v, capture, series.value);
    // Deleted first, so that the map stays in order of time.
    this.last.delete(key);
    this.last.set(key, { series, at: this.now() });
    this.forget();
  }

  /** Findings so far by severity, whole host. */
  bySeverity(): Record<Severity, number> {
    const sums: Record<Severity, number> = { info: 0, warning: 0, critical: 0 };
    for (const { labels, value } of this.totals.values()) sums[labels.severity as Severity] += value;
    return sums;
  }

  collect(tallies: TallyBook | undefined, lines: Lines): void {
    lines.violations.push(...this.totals.values());
    this.forget();
    lines.lastViolation.push(...this.lastParts);
    for (const [id, series] of this.verdicts) {
      const tally = tallies?.get(id);
      for (const verdict of ['kept', 'broken', 'unknown'] as const) {
        series[verdict].value = tally?.[verdict] ?? 0;
        lines.verdicts.push(series[verdict]);
      }
    }
  }

  private total(rule: string, severity: Severity): Series {
    const key = `${rule}|${severity}`;
    let series = this.totals.get(key);
    if (!series) {
      series = new Series({ rule, severity });
      this.totals.set(key, series);
    }
    return series;
  }

  /** Into the parts in turn, so that they are of a size. */
  private remember(series: Series): Series {
    this.lastParts[this.nextPart]?.add(series);
    this.nextPart = (this.nextPart + 1) % LAST_PARTS;
    return series;
  }

  private forget(): void {
    const before = this.now() - DAY_MS;
    for (const [key, { series, at }] of this.last) {
      if (at > before && this.last.size <= MAX_LAST) return;
      this.last.delete(key);
      series.block?.remove(series);
    }
  }
}
