// SPDX-License-Identifier: Apache-2.0
import { collectDefaultMetrics } from 'prom-client';
import type { Device, Side } from '../model/device.js';
import type { MigrationResult, Observer, World } from '../model/world.js';
import type { Engine } from '../rules/engine.js';
import type { Violation } from '../rules/finding.js';
import { type RuleText, SEVERITIES, type Severity } from '../rules/rule.js';
import { DeviceLedger } from './device_ledger.js';
import { type HostOptions, HostSeries, type RingStats } from './host_series.js';
import { METRICS, type MetricKey } from './metric_table.js';
import { type Lines, type Series, TableMetric, TableRegistry } from './series.js';
import { TransitionSeries } from './transition_series.js';
import { ViolationSeries } from './violation_series.js';

const KEYS = Object.keys(METRICS) as MetricKey[];

export interface MetricsOptions extends HostOptions {
  /** Active rules: their counters exist from the start. */
  readonly rules: readonly Pick<RuleText, 'id' | 'severities'>[];
  /** A clock in ms, for when series leave; Date.now in production. */
  readonly now: () => number;
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

function registryWithDefaults(): TableRegistry {
  const registry = new TableRegistry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_SAMPLE_MS });
  for (const name of HIDDEN) registry.removeSingleMetric(name);
  return registry;
}

/**
 * Counts what the fold and the engine tell it; everything else is read from the
 * world when somebody scrapes.
 */
export class Metrics implements Observer {
  private readonly registry = registryWithDefaults();
  private readonly table: ReadonlyMap<MetricKey, TableMetric>;
  private readonly devices: DeviceLedger;
  private readonly transitions = new TransitionSeries();
  private readonly findings: ViolationSeries;
  private readonly host: HostSeries;
  private world: World | undefined;
  private engine: Pick<Engine, 'tallies'> | undefined;

  constructor(private readonly options: MetricsOptions) {
    this.devices = new DeviceLedger(options.now);
    this.findings = new ViolationSeries(options.rules, options.now);
    this.host = new HostSeries(options);
    this.table = new Map(KEYS.map((key) => [key, new TableMetric(METRICS[key])]));
    for (const metric of this.table.values()) this.registry.add(metric);
  }

  /** What to read at a scrape; the world's observer must be this object. To be called before the first event. */
  watch(world: World, engine: Pick<Engine, 'tallies'>): void {
    this.world = world;
    this.engine = engine;
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** The text of /metrics, all of one moment. */
  scrape(): Promise<string> {
    this.collect();
    return this.registry.metrics();
  }

  /** Fills every metric of the table. */
  private collect(): void {
    const lines = Object.fromEntries(KEYS.map((key): [MetricKey, Series[]] => [key, []])) as Lines;
    this.findings.collect(this.engine?.tallies, lines);
    this.devices.collect(this.world, lines);
    this.transitions.collect(lines);
    this.host.collect(this.world, this.devices.ambiguous(), lines);
    for (const [key, metric] of this.table) metric.values = lines[key];
  }

  onViolation(v: Violation): void {
    this.findings.add(v);
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

  appeared(device: Device): void {
    if (this.world) this.devices.appeared(this.world, device);
  }

  gone(device: Device): void {
    if (this.world) this.devices.gone(this.world, device);
  }
}
