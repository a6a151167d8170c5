// SPDX-License-Identifier: Apache-2.0
/** How the state machines of this host moved, by driver rather than by device: drivers are few. */
import type { Device, Side } from '../model/device.js';
import { STATE_NAMES } from '../model/fsm.js';
import { IRQ_WINDOWS, type IrqWindow } from '../model/set_irqs.js';
import type { MigrationResult } from '../model/world.js';
import { driverArcs } from './driver_arcs.js';
import { DurationHistogram } from './histogram.js';
import { STATE_LABELS } from './label_values.js';
import { METRICS } from './metric_table.js';
import { type Lines, Series } from './series.js';

const SIDES: readonly Side[] = ['source', 'destination', 'pause-only'];
/** A pause is no migration and has no outcome. */
const MIGRATION_SIDES: readonly Side[] = ['source', 'destination'];
const RESULTS: readonly MigrationResult[] = ['completed', 'failed', 'cancelled'];
const STATES = STATE_LABELS.length;

/** Index into STATE_LABELS; a number without a name is `unknown`. */
const stateIndex = (state: number) => (state >= 0 && state < STATES - 1 ? state : STATES - 1);

/** One arc of one driver, both results. */
class Arc {
  private readonly ok: Series;
  private readonly failed: Series;
  private readonly took: DurationHistogram;

  constructor(driver: string, from: number, to: number) {
    const labels = { driver, from: STATE_LABELS[from] ?? '', to: STATE_LABELS[to] ?? '' };
    this.ok = new Series({ ...labels, result: 'ok' });
    this.failed = new Series({ ...labels, result: 'failed' });
    this.took = new DurationHistogram(METRICS.transitionSeconds, labels);
  }

  count(ok: boolean, took: number): void {
    if (ok) {
      this.ok.value++;
      this.took.observe(took);
    } else this.failed.value++;
  }

  collect(lines: Lines): void {
    lines.arcs.push(this.ok);
    lines.arcs.push(this.failed);
    if (this.ok.value > 0) this.took.collect(lines.transitionSeconds);
  }
}

export class TransitionSeries {
  /** By driver, then by `from * STATES + to`. */
  private readonly arcs = new Map<string, (Arc | undefined)[]>();
  private readonly visits = STATE_NAMES.map(
    (state) => new DurationHistogram(METRICS.stateSeconds, { state }),
  );
  private readonly stops = SIDES.map((side) => new DurationHistogram(METRICS.stoppedSeconds, { side }));
  private readonly migrations = MIGRATION_SIDES.map((side) =>
    RESULTS.map((result) => new Series({ side, result })),
  );
  private readonly restored = IRQ_WINDOWS.map((window) => new Series({ window }));

  /** The arcs of its driver begin at zero, so that the first one that fails is an increase. */
  know({ driver, flags }: Device): void {
    for (const [from, to] of driverArcs(flags)) this.of(driver, from, to);
  }

  arc(driver: string, from: number, to: number, ok: boolean, took: number): void {
    this.of(driver, from, to).count(ok, took);
  }

  private of(driver: string, from: number, to: number): Arc {
    let ofDriver = this.arcs.get(driver);
    if (!ofDriver) {
      ofDriver = [];
      this.arcs.set(driver, ofDriver);
    }
    const [f, t] = [stateIndex(from), stateIndex(to)];
    const at = f * STATES + t;
    let arc = ofDriver[at];
    if (!arc) {
      arc = new Arc(driver, f, t);
      ofDriver[at] = arc;
    }
    return arc;
  }

  visit(state: number, took: number): void {
    this.visits[state]?.observe(took);
  }

  migration(side: Side, result: MigrationResult): void {
    const series = this.migrations[MIGRATION_SIDES.indexOf(side)]?.[RESULTS.indexOf(result)];
    if (series) series.value++;
  }

  stopped(side: Side, took: number): void {
    this.stops[SIDES.indexOf(side)]?.observe(took);
  }

  irqsRestored(window: IrqWindow): void {
    const series = this.restored[IRQ_WINDOWS.indexOf(window)];
    if (series) series.value++;
  }

  collect(lines: Lines): void {
    lines.irqsRestored.push(...this.restored);
    for (const ofDriver of this.arcs.values()) for (const arc of ofDriver) arc?.collect(lines);
    for (const visit of this.visits) visit.collect(lines.stateSeconds);
    for (const stop of this.stops) stop.collect(lines.stoppedSeconds);
    for (const bySide of this.migrations) lines.migrations.push(...bySide);
  }
}
