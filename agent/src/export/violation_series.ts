// SPDX-License-Identifier: Apache-2.0
/** Findings and verdicts by rule. */
import type { Tally } from '../rules/engine.js';
import type { Violation } from '../rules/finding.js';
import type { RuleText, Severity } from '../rules/rule.js';
import { type Lines, Series } from './series.js';

const DAY_MS = 86_400_000;
/** (device, rule) pairs whose last violation is remembered; the oldest go first. */
const MAX_LAST = 5_000;

interface Last {
  readonly series: Series;
  /** When it came in, ms of the injected clock: wall times of a record may be off or missing. */
  at: number;
}

export class ViolationSeries {
  private readonly totals = new Map<string, Series>();
  private readonly last = new Map<string, Last>();
  private readonly verdicts = new Map<string, Record<keyof Tally, Series>>();

  constructor(
    rules: readonly Pick<RuleText, 'id' | 'severities'>[],
    private readonly now: () => number,
  ) {
    for (const { id, severities } of rules) {
      for (const severity of severities) this.total(id, severity);
      const of = (verdict: string) => new Series({ rule: id, verdict });
      this.verdicts.set(id, { kept: of('kept'), broken: of('broken'), unknown: of('unknown') });
    }
  }

  add(v: Violation): void {
    this.total(v.rule, v.severity).value++;
    const key = `${v.device}|${v.rule}`;
    const known = this.last.get(key);
    const series = known?.series ?? new Series({ device: v.device, rule: v.rule });
    const wall = Date.parse(v.wall);
    series.value = (Number.isNaN(wall) ? this.now() : wall) / 1000;
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

  collect(tallies: ReadonlyMap<string, Tally> | undefined, lines: Lines): void {
    lines.violations.push(...this.totals.values());
    this.forget();
    for (const { series } of this.last.values()) lines.lastViolation.push(series);
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

  private forget(): void {
    const before = this.now() - DAY_MS;
    for (const [key, { at }] of this.last) {
      if (at > before && this.last.size <= MAX_LAST) return;
      this.last.delete(key);
    }
  }
}
