// SPDX-License-Identifier: Apache-2.0
/** Violations as log records and migrations as traces, to an OpenTelemetry collector by OTLP/HTTP. */
import { hostname } from 'node:os';
import type { World } from '../../model/world.js';
import type { Violation } from '../../rules/finding.js';
import type { Log } from '../log.js';
import { logRecord, request } from './messages.js';
import { MigrationSpans } from './migration_spans.js';
import { Sender } from './sender.js';

export interface OtlpOptions {
  /** Of the collector, e.g. http://127.0.0.1:4318; the paths of the signals are appended. */
  readonly endpoint: URL;
  /** Items of each signal that wait, at most. */
  readonly queue: number;
  readonly version: string;
  readonly log: Log;
}

export class Otlp {
  readonly spans: MigrationSpans;
  private readonly logs: Sender;
  private readonly traces: Sender;
  private world: World | undefined;

  constructor(private readonly options: OtlpOptions) {
    this.logs = this.sender('logs');
    this.traces = this.sender('traces');
    this.spans = new MigrationSpans((span) => this.traces.add(span));
  }

  /** Whose findings and migrations these are; to be called before the first event. */
  watch(world: World): void {
    this.world = world;
    this.spans.watch(world);
  }

  /** For the metrics. */
  get sinks(): readonly Sender[] {
    return [this.logs, this.traces];
  }

  /** The record says what was found where; its evidence is in the violations file, under the same at_ns. */
  onViolation(v: Violation, capture?: string): void {
    const offset = this.world?.wallOffset ?? 0n;
    const record = logRecord({
      at: BigInt(v.at_ns) + offset,
      severity: v.severity,
      body: `${v.rule}: ${v.statement}`,
      attributes: {
        'migwatch.rule': v.rule,
        'migwatch.reason': v.reason,
        'migwatch.party': v.party,
        'migwatch.confidence': v.confidence,
        'migwatch.advisory': v.advisory,
        'migwatch.vm': v.vm,
        'migwatch.at_ns': String(v.at_ns),
        'vfio.device': v.device,
        'vfio.driver': v.driver,
        'vfio.state': v.state,
        ...(capture === undefined ? {} : { 'migwatch.capture': capture }),
      },
      traceId: this.spans.traceId(v.device),
    });
    this.logs.add(record);
  }

  async close(): Promise<void> {
    await Promise.all(this.sinks.map((sink) => sink.close()));
  }

  private sender(signal: 'logs' | 'traces'): Sender {
    const { endpoint, queue, version, log } = this.options;
    const resource = { 'service.name': 'migwatch', 'service.version': version, 'host.name': hostname() };
    const url = new URL(endpoint);
    url.pathname = `${endpoint.pathname.replace(/\/$/, '')}/v1/${signal}`;
    return new Sender({
      name: `otlp_${signal}`,
      url,
      queue,
      body: (items) => request(resource, version, items),
      log,
    });
  }
}
