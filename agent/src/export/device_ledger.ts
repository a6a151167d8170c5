// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../model/device.js';
import type { World } from '../model/world.js';
import { type Blocks, DeviceSeries } from './device_series.js';
import type { Lines } from './series.js';
import { Shelves } from './shelves.js';

/** How long the series of a closed device stay, ms: several scrapes, so that the last counts are seen. */
const LINGER_MS = 120_000;
/** With more names than the world keeps devices, gone ones leave at once. */
const MAX_ENTRIES = 8_192;

interface Entry {
  readonly series: DeviceSeries;
  /** Open lives by device id. There is one, but the ids of a hostile trace prove nothing. */
  readonly lives: Map<number, Device>;
  /** When the last life ended, ms of the injected clock. */
  goneAt: number;
}

/** Devices by name, over all their lives, until two minutes after the last one. */
export class DeviceLedger {
  private readonly entries = new Map<string, Entry>();
  private readonly shelves = new Shelves();
  private ambiguousBefore = 0;

  constructor(private readonly now: () => number) {}

  /** The series of a device, made if there are none: a violation may come before its device. */
  of(name: string): DeviceSeries {
    if (this.entries.size > MAX_ENTRIES) this.prune();
    return this.entry(name).series;
  }

  appeared(w: World, d: Device): void {
    this.prune();
    const entry = this.entry(d.name);
    const same = entry.lives.get(d.id);
    if (same) this.retire(w, entry, same);
    entry.lives.set(d.id, d);
  }

  gone(w: World, d: Device): void {
    const entry = this.entries.get(d.name);
    if (entry?.lives.get(d.id) === d) this.retire(w, entry, d);
  }

  /** Brings what collect() shows up to date. */
  update(w: World | undefined): void {
    if (w) this.reconcile(w);
    this.prune();
  }

  /**
   * Appends the series of as many devices as there is room for, each with all of them; those known
   * longest come first, so that the choice is the same at each scrape. How many series were left out.
   */
  collect(lines: Lines, room: number): number {
    const shown: Blocks[] = [];
    let [left, dropped] = [room, 0];
    for (const { series } of this.entries.values()) {
      const { size } = series;
      if (size <= left) {
        left -= size;
        shown.push(series.blocks);
      } else {
        left = 0;
        dropped += size;
      }
    }
    this.shelves.arrange(shown);
    this.shelves.collect(lines);
    return dropped;
  }

  /** Ambiguous events of all devices, open and closed. */
  ambiguous(): number {
    let sum = this.ambiguousBefore;
    for (const { lives } of this.entries.values()) for (const d of lives.values()) sum += d.counts.ambiguous;
    return sum;
  }

  private entry(name: string): Entry {
    let entry = this.entries.get(name);
    if (!entry) {
      entry = { series: new DeviceSeries(name), lives: new Map(), goneAt: this.now() };
      this.entries.set(name, entry);
    }
    return entry;
  }

  private retire(w: World, entry: Entry, d: Device): void {
    entry.series.retire(w, d);
    entry.lives.delete(d.id);
    entry.goneAt = this.now();
    this.ambiguousBefore += d.counts.ambiguous;
  }

  /** Where the close was lost, the world replaces a device without saying so. */
  private reconcile(w: World): void {
    for (const d of w.devices.values())
      if (this.entries.get(d.name)?.lives.get(d.id) !== d) this.appeared(w, d);
    for (const entry of this.entries.values()) {
      for (const d of entry.lives.values()) if (w.devices.get(d.id) !== d) this.retire(w, entry, d);
      entry.series.update(w, entry.lives);
    }
  }

  private prune(): void {
    const before = this.now() - LINGER_MS;
    for (const [name, entry] of this.entries)
      if (entry.lives.size === 0 && (entry.goneAt <= before || this.entries.size > MAX_ENTRIES))
        this.entries.delete(name);
  }
}
