// SPDX-License-Identifier: Apache-2.0
import { collectDefaultMetrics, type Metric, Registry } from 'prom-client';
import type { Device, Side } from '../model/device.js';
import type { IrqWindow } from '../model/set_irqs.js';
import type { MigrationResult, Observer, World } from '../model/world.js';
import type { Violation } from '../rules/finding.js';
import { type RuleText, SEVERITIES, type Severity } from '../rules/rule.js';
import type { TallyBook } from '../rules/tally.js';
import { DeviceLedger } from './device_ledger.js';
import { type Format, promClientText, writeTable } from './exposition.js';
import { type HostOptions, HostSeries, type RingStats } from './host_series.js';
import { Departed } from './live/departed.js';
import { liveDevice } from './live/lane.js';
import { METRICS, type MetricKey } from './metric_table.js';
import { type Line, type Lines, Series } from './series.js';
import type { TextBuffer } from './text_buffer.js';
import { TransitionSeries } from './transition_series.js';
import { ViolationSeries } from './violation_series.js';

const KEYS = Object.keys(METRICS) as MetricKey[];

export interface MetricsOptions extends HostOptions {
  /** Active rules: their counters exist from the start. */
  readonly rules: readonly Pick<RuleText, 'id' | 'severities'>[];
  /** A clock in ms, for when series leave; Date.now in production. */
  readonly now: () => number;
  /** Series of a scrape, at most; process_* and nodejs_* do not count. */
  readonly maxSeries: number;
}

/**
 * prom-client's event loop monitor wakes the process at each sample: 0.33 % of a
 * core at its default of 10 ms, three times what an idle agent may use. It cannot
 * be left out, so it sleeps, and what it would tell is not shown.
 */
const LOOP_SAMPLE_MS = 60_000;
const HIDDEN = [
  ...['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'].map(
    (what) => `nodejs_eventloop_lag_${what}_seconds`,
  ),
  // ref-napi tells V8 of gigabytes of external memory that do not exist.
  'nodejs_external_memory_bytes',
  // Gauges named like counters; nodejs_active_resources and its like say the same by type.
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

function defaultMetrics(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_SAMPLE_MS });
  for (const name of HIDDEN) registry.removeSingleMetric(name);
  return registry;
}

/**
 * Counts what the fold and the engine tell it; everything else is read from the
 * world when somebody scrapes.
 */
export class Metrics implements Observer {
  private readonly defaults = defaultMetrics();
  private readonly dropped = new Series({});
  private readonly devices: DeviceLedger;
  private readonly transitions = new TransitionSeries();
  private readonly findings: ViolationSeries;
  private readonly host: HostSeries;
  /** For the page. */
  readonly departed = new Departed();
  private world: World | undefined;
  private engine: { readonly tallies: TallyBook } | undefined;

  constructor(private readonly options: MetricsOptions) {
    this.devices = new DeviceLedger(options.now);
    this.findings = new ViolationSeries(options.rules, options.now);
    this.host = new HostSeries(options);
  }

  /** What to read at a scrape; the world's observer must be this object. To be called before the first event. */
  watch(world: World, engine: { readonly tallies: TallyBook }): void {
    this.world = world;
    this.engine = engine;
  }

  /** Rules that another policy judges: their counters start. */
  activate(rules: MetricsOptions['rules']): void {
    this.findings.activate(rules);
  }

  /** The text of /metrics, all of one moment, in place of what `into` has. */
  async scrape(format: Format, into: TextBuffer): Promise<void> {
    const others = this.defaults.getMetricsAsArray() as unknown as readonly Metric[];
    const theirs = await Promise.all(others.map((metric) => promClientText(metric, format)));
    const lines = this.collect();
    into.clear();
    for (const key of KEYS) writeTable(METRICS[key], lines[key], format, into);
    for (const other of theirs) into.add(other);
    if (format === 'openmetrics') into.add('# EOF\n');
  }

  /** Devices come last and get the room that is left: what tells of the whole host is always there. */
  private collect(): Lines {
    const lines = Object.fromEntries(KEYS.map((key): [MetricKey, Line[]] => [key, []])) as Lines;
    this.devices.update(this.world);
    this.findings.collect(this.engine?.tallies, lines);
    this.transitions.collect(lines);
    this.host.collect(this.world, this.devices.ambiguous(), lines);
    lines.seriesDropped.push(this.dropped);
    let taken = 0;
    for (const key of KEYS) for (const line of lines[key]) taken += line.size;
    this.dropped.value += this.devices.collect(lines, this.options.maxSeries - taken);
    return lines;
  }

  /** `capture` names the trace that shows it, if there is one. */
  onViolation(v: Violation, capture?: string): void {
    this.findings.add(v, capture);
    if (v.device) this.devices.of(v.device).violated(v.severity);
  }

  /** Findings about a device name, as its counters show them. */
  violationsOf(device: string): Record<Severity, number> {
    const counts = this.devices.of(device).violations.map((s) => s.value);
    return Object.fromEntries(SEVERITIES.map((s, i) => [s, counts[i] ?? 0])) as Record<Severity, number>;
  }

  violationsBySeverity(): Record<Severity, number> {
    return this.findings.bySeverity();
  }

  rings(): RingStats | undefined {
    return this.options.stats();
  }

  arc(device: Device, from: number, to: number, ok: boolean, took: number): void {
    this.transitions.arc(device.driver, from, to, ok, took);
  }

  visit(state: number, took: number): void {
    this.transitions.visit(state, took);
  }

  migration(side: Side, result: MigrationResult): void {
    this.transitions.migration(side, result);
  }

  stopped(side: Side, took: number): void {
    this.transitions.stopped(side, took);
  }

  irqsRestored(window: IrqWindow): void {
    this.transitions.irqsRestored(window);
  }

  appeared(device: Device): void {
    if (this.world) this.devices.appeared(this.world, device);
    this.transitions.know(device);
  }

  gone(device: Device): void {
    if (!this.world) return;
    this.devices.gone(this.world, device);
    this.departed.add(liveDevice(this.world, device, this), this.world.now);
  }
}
