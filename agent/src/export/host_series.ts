// SPDX-License-Identifier: Apache-2.0
/** What the agent says about itself and about how well it sees. */
import { coverage, LEVELS } from '../model/coverage.js';
import type { World } from '../model/world.js';
import { ProbeStatusValue } from '../wire/events.gen.js';
import { type Labels, type Lines, Series } from './series.js';

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

  collect(w: World | undefined, ambiguous: number, lines: Lines): void {
    const { version, sinks = [] } = this.options;
    this.rings(lines);
    lines.unattributed.push(gauge({}, w?.unattributed ?? 0));
    lines.ambiguous.push(gauge({}, ambiguous));
    if (w) this.sight(w, lines);
    for (const { name, dropped } of sinks) lines.queueDropped.push(gauge({ sink: name }, dropped));
    lines.fileErrors.push(gauge({}, sinks.find((s) => s.name === VIOLATIONS_FILE)?.errors ?? 0));
    lines.buildInfo.push(gauge({ version, nodeversion: process.version }, 1));
  }

  private rings(lines: Lines): void {
    const stats = this.options.stats();
    if (!stats) return;
    RINGS.forEach((ring, i) => {
      lines.recordsMade.push(gauge({ ring }, stats.made[i] ?? 0));
      lines.recordsLost.push(gauge({ ring }, stats.lost[i] ?? 0));
      lines.recordsReceived.push(gauge({ ring }, stats.received[i] ?? 0));
    });
  }

  private sight(w: World, lines: Lines): void {
    for (const { name, kind, status } of w.probes.values()) {
      const attached = status === ProbeStatusValue.ATTACHED ? 1 : 0;
      lines.probeAttached.push(gauge({ probe: name, kind }, attached));
    }
    for (const fact of coverage(w.probes, w.devices.values()))
      for (const level of LEVELS)
        lines.coverage.push(gauge({ fact: fact.fact, level }, level === fact.level ? 1 : 0));
  }
}
