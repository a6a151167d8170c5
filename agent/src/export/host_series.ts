// SPDX-License-Identifier: Apache-2.0
/** What the agent says about itself and about how well it sees. */
import { coverage, LEVELS } from '../model/coverage.js';
import type { World } from '../model/world.js';
import { ProbeStatusValue } from '../wire/events.gen.js';
import type { Sink } from './device_series.js';
import { type Labels, Series } from './series.js';

/** Records per ring, [crit, bulk], as the shim counts them. */
export interface RingStats {
  readonly made: readonly number[];
  readonly lost: readonly number[];
  readonly received: readonly number[];
}

/** Somewhere findings go, behind a bounded queue. */
export interface ExportSink {
  readonly name: string;
  /** Items dropped because the queue was full. */
  readonly dropped: number;
  /** Items that could not be written. */
  readonly errors?: number;
}

/** The name of the sink behind --violations.file. */
export const VIOLATIONS_FILE = 'violations_file';

export interface HostOptions {
  readonly version: string;
  /** undefined while nothing is attached. */
  readonly stats: () => RingStats | undefined;
  /** Read at each scrape: sinks may be added later. */
  readonly sinks?: readonly ExportSink[];
}

export const RINGS = ['crit', 'bulk'] as const;

const gauge = (labels: Labels, value: number): Series => {
  const series = new Series(labels);
  series.value = value;
  return series;
};

/** These are few: they are made anew at each scrape. */
export class HostSeries {
  constructor(private readonly options: HostOptions) {}

  collect(w: World | undefined, ambiguous: number, sink: Sink): void {
    const { version, sinks = [] } = this.options;
    this.rings(sink);
    sink('unattributed', gauge({}, w?.unattributed ?? 0));
    sink('ambiguous', gauge({}, ambiguous));
    if (w) this.sight(w, sink);
    for (const { name, dropped } of sinks) sink('queueDropped', gauge({ sink: name }, dropped));
    sink('fileErrors', gauge({}, sinks.find((s) => s.name === VIOLATIONS_FILE)?.errors ?? 0));
    sink('buildInfo', gauge({ version, nodeversion: process.version }, 1));
  }

  private rings(sink: Sink): void {
    const stats = this.options.stats();
    if (!stats) return;
    RINGS.forEach((ring, i) => {
      sink('recordsMade', gauge({ ring }, stats.made[i] ?? 0));
      sink('recordsLost', gauge({ ring }, stats.lost[i] ?? 0));
      sink('recordsReceived', gauge({ ring }, stats.received[i] ?? 0));
    });
  }

  private sight(w: World, sink: Sink): void {
    for (const { name, kind, status } of w.probes.values()) {
      const attached = status === ProbeStatusValue.ATTACHED ? 1 : 0;
      sink('probeAttached', gauge({ probe: name, kind }, attached));
    }
    for (const fact of coverage(w.probes, w.devices.values()))
      for (const level of LEVELS)
        sink('coverage', gauge({ fact: fact.fact, level }, level === fact.level ? 1 : 0));
  }
}
