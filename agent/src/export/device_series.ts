// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../model/device.js';
import { flagNames } from '../model/fsm.js';
import type { Container, World } from '../model/world.js';
import { SEVERITIES, type Severity } from '../rules/rule.js';
import { irqLabel, regionLabel, resetKind, STATE_LABELS, stateLabel } from './label_values.js';
import type { MetricKey } from './metric_table.js';
import { Block, type Labels, Series } from './series.js';

/** What is shown of a device, by metric. */
export type Blocks = readonly (readonly [MetricKey, Block])[];

/** Set up by every guest; the others come with their first use. */
const PCI_INDICES = ['INTX', 'MSI', 'MSIX'];

/** All that a life of a device has counted. No part ever falls, so the same sum says that none has changed. */
function sumOf(counts: Device['counts']): number {
  let sum = counts.bytesSaved + counts.bytesResumed + counts.irqsWhileHalted;
  sum += counts.dirtyReports + counts.containerReports;
  for (const each of [counts.zaps, counts.faults, counts.regionReads, counts.regionWrites])
    for (const n of each.values()) sum += n;
  for (const each of [counts.setIrqs, counts.resets]) for (const n of each.values()) sum += n;
  return sum;
}

/** Counters of one device that are kept per label value. */
class Labelled extends Map<string, Series> {
  readonly block = new Block();

  /** `made` learns of each new series, as `block` does. */
  constructor(
    private readonly device: string,
    private readonly label: string,
    private readonly made: Series[],
  ) {
    super();
  }

  of(value: string): Series {
    let series = this.get(value);
    if (!series) {
      series = new Series({ device: this.device, [this.label]: value });
      this.set(value, series);
      this.block.add(series);
      this.made.push(series);
    }
    return series;
  }
}

/**
 * The series of one device name. A device may be opened many times; each life
 * starts counting at zero, what is shown goes on. `base` holds what closed lives
 * counted, `value` adds the open ones; it is set once a scrape, because text is kept until it changes.
 */
export class DeviceSeries {
  readonly violations: readonly Series[];
  private info: Series | undefined;
  private readonly states: readonly Series[];
  private readonly saved: Series;
  private readonly resumed: Series;
  private readonly mapped: Series;
  private readonly maps: Series;
  private readonly unmaps: Series;
  private readonly dirtyReports: Series;
  private readonly zaps: Series;
  private readonly irqsWhileHalted: Series;
  private readonly p2p = new Map<string, Series>();
  /** Those of `p2p`. */
  private readonly targets = new Block();
  private readonly faults: Labelled;
  private readonly regions: Labelled;
  private readonly irqs: Labelled;
  private readonly resets: Labelled;
  /** Those of the above that each life of the device starts at zero. */
  private readonly perLife: Series[];
  private readonly infoBlock = new Block();
  /** Of a device that is known by a violation only, and of one that has appeared. */
  private readonly atFirst: Blocks;
  private readonly all: Blocks;
  private container: Container | undefined;
  /** Of the open lives, what is in the values; -1 where that has to be found anew. */
  private counted = 0;
  /** What was shown last. */
  private state = '';
  private described: Device | undefined;

  constructor(readonly name: string) {
    const one = (labels: Labels = {}) => new Series({ device: name, ...labels });
    this.violations = SEVERITIES.map((severity) => one({ severity }));
    this.states = STATE_LABELS.map((state) => new Series({ device: name, state }));
    this.saved = one({ direction: 'save' });
    this.resumed = one({ direction: 'resume' });
    this.mapped = new Series({ device: name });
    this.maps = one({ operation: 'map' });
    this.unmaps = one({ operation: 'unmap' });
    this.dirtyReports = one();
    this.zaps = one();
    this.irqsWhileHalted = one();
    this.perLife = [this.saved, this.resumed, this.dirtyReports, this.zaps, this.irqsWhileHalted];
    this.faults = new Labelled(name, 'region', this.perLife);
    this.regions = new Labelled(name, 'region', this.perLife);
    this.irqs = new Labelled(name, 'index', this.perLife);
    this.resets = new Labelled(name, 'kind', this.perLife);
    for (const kind of ['ioctl', 'hot', 'function', 'collateral']) this.resets.of(kind);
    this.atFirst = [['deviceViolations', new Block([...this.violations])]];
    this.all = [
      ...this.atFirst,
      ['deviceInfo', this.infoBlock],
      ['deviceState', new Block([...this.states])],
      ['migrationBytes', new Block([this.saved, this.resumed])],
      ['dmaMapped', new Block([this.mapped])],
      ['dmaOperations', new Block([this.maps, this.unmaps])],
      ['dirtyReports', new Block([this.dirtyReports])],
      ['zaps', new Block([this.zaps])],
      ['irqsWhileHalted', new Block([this.irqsWhileHalted])],
      ['p2pMappings', this.targets],
      ['faults', this.faults.block],
      ['regionAccesses', this.regions.block],
      ['setIrqs', this.irqs.block],
      ['resets', this.resets.block],
    ];
  }

  /** What it shows; another array when there is more. */
  get blocks(): Blocks {
    return this.info ? this.all : this.atFirst;
  }

  violated(severity: Severity): void {
    const series = this.violations[SEVERITIES.indexOf(severity)];
    if (series) series.value++;
  }

  /** Brings the values up to date with the open lives of the device. */
  update(w: World, lives: ReadonlyMap<number, Device>): void {
    let sum = 0;
    for (const d of lives.values()) {
      sum += sumOf(d.counts);
      this.show(w, d);
    }
    if (sum === this.counted) return;
    this.counted = sum;
    for (const s of this.perLife) s.next = s.base;
    for (const d of lives.values()) this.count(d, 'next');
    for (const s of this.perLife) s.value = s.next;
  }

  /** A life is over; its counts stay. */
  retire(w: World, d: Device): void {
    this.show(w, d);
    this.count(d, 'base');
    this.counted = -1;
    this.mapped.value = 0;
    for (const series of this.p2p.values()) series.value = 0;
  }

  private count(d: Device, into: 'base' | 'next'): void {
    const { counts } = d;
    this.saved[into] += counts.bytesSaved;
    this.resumed[into] += counts.bytesResumed;
    this.dirtyReports[into] += counts.dirtyReports + counts.containerReports;
    this.irqsWhileHalted[into] += counts.irqsWhileHalted;
    for (const n of counts.zaps.values()) this.zaps[into] += n;
    for (const [region, n] of counts.faults) this.faults.of(regionLabel(region, d.bus))[into] += n;
    for (const [region, n] of counts.regionReads) this.regions.of(regionLabel(region, d.bus))[into] += n;
    for (const [region, n] of counts.regionWrites) this.regions.of(regionLabel(region, d.bus))[into] += n;
    for (const [index, n] of counts.setIrqs) this.irqs.of(irqLabel(index, d.bus))[into] += n;
    for (const [kind, n] of counts.resets) this.resets.of(resetKind(kind))[into] += n;
  }

  private show(w: World, d: Device): void {
    this.enter(stateLabel(d.state));
    this.describe(w, d);
    this.follow(w.containers.get(d.container));
    this.reach(w, w.containers.get(d.container));
  }

  private enter(state: string): void {
    if (state === this.state) return;
    this.state = state;
    for (const series of this.states) series.value = series.labels.state === state ? 1 : 0;
  }

  /** Whose BARs the device can reach by DMA; what it could reach before shows 0. */
  private reach(w: World, c: Container | undefined): void {
    for (const series of this.p2p.values()) series.next = 0;
    for (const m of c?.p2p ?? []) {
      const target = w.devices.get(m.target)?.name;
      if (target === undefined || target === this.name) continue;
      let series = this.p2p.get(target);
      if (!series) {
        series = new Series({ device: this.name, target });
        this.p2p.set(target, series);
        this.targets.add(series);
      }
      series.next++;
    }
    for (const series of this.p2p.values()) series.value = series.next;
  }

  private describe(w: World, d: Device): void {
    const vm = w.vmOf(d);
    const migration = d.v1 ? 'v1' : flagNames(d.flags);
    const had = this.info?.labels;
    if (d === this.described && had?.vm === vm && had.migration === migration) return;
    this.described = d;
    if (d.bus === 'pci') for (const index of PCI_INDICES) this.irqs.of(index);
    const { driver, bus, group } = d;
    this.info = new Series({ device: this.name, driver, bus, iommu_group: String(group), vm, migration });
    this.info.value = 1;
    this.infoBlock.clear();
    this.infoBlock.add(this.info);
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

  /** Series of its blocks. */
  get size(): number {
    const { violations, states, p2p } = this;
    if (!this.info) return violations.length;
    // Beside those per life: info, mapped, maps and unmaps.
    return violations.length + states.length + p2p.size + this.perLife.length + 4;
  }
}
