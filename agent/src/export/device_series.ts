// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../model/device.js';
import { flagNames } from '../model/fsm.js';
import type { Container, World } from '../model/world.js';
import { SEVERITIES, type Severity } from '../rules/rule.js';
import { irqLabel, regionLabel, resetKind, STATE_LABELS, stateLabel } from './label_values.js';
import type { MetricKey } from './metric_table.js';
import { Counted, type Labels, Series } from './series.js';

export type Sink = (metric: MetricKey, series: Series) => void;

/** Counters of one device that are kept per label value. */
class Labelled extends Map<string, Counted> {
  constructor(
    private readonly device: string,
    private readonly label: string,
  ) {
    super();
  }

  of(value: string): Counted {
    let counted = this.get(value);
    if (!counted) {
      counted = new Counted({ device: this.device, [this.label]: value });
      this.set(value, counted);
    }
    return counted;
  }
}

/**
 * The series of one device name. A device may be opened many times; each life
 * starts counting at zero, what is shown goes on. `base` holds what closed lives
 * counted, `value` adds the open ones.
 */
export class DeviceSeries {
  readonly violations: readonly Counted[];
  private info: Series | undefined;
  private readonly states: readonly Series[];
  private readonly saved: Counted;
  private readonly resumed: Counted;
  private readonly mapped: Series;
  private readonly maps: Counted;
  private readonly unmaps: Counted;
  private readonly dirtyReports: Counted;
  private readonly regions: Labelled;
  private readonly irqs: Labelled;
  private readonly resets: Labelled;
  private container: Container | undefined;

  constructor(readonly name: string) {
    const one = (labels: Labels = {}) => new Counted({ device: name, ...labels });
    this.violations = SEVERITIES.map((severity) => one({ severity }));
    this.states = STATE_LABELS.map((state) => new Series({ device: name, state }));
    this.saved = one({ direction: 'save' });
    this.resumed = one({ direction: 'resume' });
    this.mapped = new Series({ device: name });
    this.maps = one({ operation: 'map' });
    this.unmaps = one({ operation: 'unmap' });
    this.dirtyReports = one();
    this.regions = new Labelled(name, 'region');
    this.irqs = new Labelled(name, 'index');
    this.resets = new Labelled(name, 'kind');
    for (const kind of ['ioctl', 'hot', 'function']) this.resets.of(kind);
  }

  violated(severity: Severity): void {
    const counted = this.violations[SEVERITIES.indexOf(severity)];
    if (counted) counted.value++;
  }

  /** Brings the values up to date with the open lives of the device. */
  update(w: World, lives: Iterable<Device>): void {
    for (const counted of this.perLife()) counted.value = counted.base;
    for (const d of lives) {
      this.count(d, 'value');
      this.show(w, d);
    }
  }

  /** A life is over; its counts stay. */
  retire(w: World, d: Device): void {
    this.show(w, d);
    this.count(d, 'base');
    this.mapped.value = 0;
  }

  private count(d: Device, into: 'base' | 'value'): void {
    const { counts } = d;
    this.saved[into] += counts.bytesSaved;
    this.resumed[into] += counts.bytesResumed;
    this.dirtyReports[into] += counts.dirtyReports;
    for (const [region, n] of counts.regionReads) this.regions.of(regionLabel(region, d.bus))[into] += n;
    for (const [region, n] of counts.regionWrites) this.regions.of(regionLabel(region, d.bus))[into] += n;
    for (const [index, n] of counts.setIrqs) this.irqs.of(irqLabel(index, d.bus))[into] += n;
    for (const [kind, n] of counts.resets) this.resets.of(resetKind(kind))[into] += n;
  }

  private show(w: World, d: Device): void {
    const state = stateLabel(d.state);
    this.states.forEach((series, i) => {
      series.value = STATE_LABELS[i] === state ? 1 : 0;
    });
    this.describe(w, d);
    this.follow(w.containers.get(d.container));
  }

  private describe(w: World, d: Device): void {
    const labels: Record<string, string> = {
      device: this.name,
      driver: d.driver,
      bus: d.bus,
      iommu_group: String(d.group),
      vm: w.vmOf(d),
      migration: flagNames(d.flags),
    };
    const had = this.info?.sharedLabels;
    if (had && Object.keys(labels).every((name) => had[name] === labels[name])) return;
    this.info = new Series(labels);
    this.info.value = 1;
  }

  /** The container outlives the device and is mapped before it is opened: its counts are taken whole, once. */
  private follow(container: Container | undefined): void {
    if (container && container !== this.container) {
      this.maps.base += this.container?.maps ?? 0;
      this.unmaps.base += this.container?.unmaps ?? 0;
      this.container = container;
    }
    this.mapped.value = container?.mappedBytes ?? 0;
    this.maps.value = this.maps.base + (this.container?.maps ?? 0);
    this.unmaps.value = this.unmaps.base + (this.container?.unmaps ?? 0);
  }

  private *perLife(): Generator<Counted> {
    yield* [this.saved, this.resumed, this.dirtyReports];
    for (const labelled of [this.regions, this.irqs, this.resets]) yield* labelled.values();
  }

  collect(sink: Sink): void {
    for (const s of this.violations) sink('deviceViolations', s);
    if (!this.info) return; // known by a violation only; the device has not appeared
    sink('deviceInfo', this.info);
    for (const s of this.states) sink('deviceState', s);
    sink('migrationBytes', this.saved);
    sink('migrationBytes', this.resumed);
    sink('dmaMapped', this.mapped);
    sink('dmaOperations', this.maps);
    sink('dmaOperations', this.unmaps);
    sink('dirtyReports', this.dirtyReports);
    for (const s of this.regions.values()) sink('regionAccesses', s);
    for (const s of this.irqs.values()) sink('setIrqs', s);
    for (const s of this.resets.values()) sink('resets', s);
  }
}
