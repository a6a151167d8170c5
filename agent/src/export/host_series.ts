// SPDX-License-Identifier: Apache-2.0
/** What the agent says about itself and about how well it sees. */
import { coverage, LEVELS } from '../model/coverage.js';
import type { World } from '../model/world.js';
import { ProbeStatusValue } from '../wire/events.gen.js';
import type { Refused } from './refused.js';
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
  /** Items that arrived, where that is known. */
  readonly exported?: number;
  /** Items dropped because the queue was full. */
  readonly dropped: number;
  /** Writes that failed. */
  readonly errors: number;
}

/** How the last reading of the configuration went. */
export interface ReloadState {
  readonly successful: boolean;
  /** Of the last that succeeded, Unix ms. */
  readonly at: number;
}

export interface HostOptions {
  readonly version: string;
  /** undefined while nothing is attached. */
  readonly stats: () => RingStats | undefined;
  /** undefined where nothing can be read again. */
  readonly reload?: ReloadState;
  /** The same of the web server's own. */
  readonly web?: ReloadState;
  readonly refused: Refused;
  /** Kernel memory of each map of the probes, bytes; below 0 where the kernel does not say. */
  readonly maps?: () => readonly { readonly name: string; readonly bytes: number }[];
  /** Read at each scrape: sinks may be added later. */
  readonly sinks?: readonly ExportSink[];
  /** What the flight recorder did. */
  readonly captures?: { readonly made: number; readonly suppressed: number };
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
    const { version, reload, sinks = [], captures } = this.options;
    this.rings(lines);
    lines.unattributed.push(gauge({}, w?.unattributed ?? 0));
    for (const [what, n] of Object.entries(w?.evicted ?? {})) lines.evicted.push(gauge({ what }, n));
    lines.ambiguous.push(gauge({}, ambiguous));
    for (const { name, bytes } of this.options.maps?.() ?? [])
      if (bytes >= 0) lines.kernelMemory.push(gauge({ map: name }, bytes));
    if (w) this.sight(w, lines);
    for (const { name, exported, dropped, errors } of sinks) {
      if (exported !== undefined) lines.exported.push(gauge({ sink: name }, exported));
      lines.queueDropped.push(gauge({ sink: name }, dropped));
      lines.exportErrors.push(gauge({ sink: name }, errors));
    }
    lines.captures.push(gauge({}, captures?.made ?? 0));
    lines.capturesSuppressed.push(gauge({}, captures?.suppressed ?? 0));
    if (reload) {
      lines.configReloaded.push(gauge({}, reload.successful ? 1 : 0));
      lines.configReloadedAt.push(gauge({}, reload.at / 1000));
    }
    this.web(lines);
    lines.buildInfo.push(gauge({ version, nodeversion: process.version }, 1));
  }

  private web(lines: Lines): void {
    const { web, refused } = this.options;
    if (web) {
      lines.webReloaded.push(gauge({}, web.successful ? 1 : 0));
      lines.webReloadedAt.push(gauge({}, web.at / 1000));
    }
    for (const [reason, n] of Object.entries(refused)) lines.webRefused.push(gauge({ reason }, n));
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
