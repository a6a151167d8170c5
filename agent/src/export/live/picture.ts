// SPDX-License-Identifier: Apache-2.0
/** What open pages are told: all of it once, then what changed. Built once for all of them. */
import type { World } from '../../model/world.js';
import { statusJson } from '../api.js';
import type { Metrics } from '../metrics.js';
import type { Recent } from '../recent.js';
import { type LiveDevice, liveDevice, signature } from './lane.js';

export interface PictureOptions {
  readonly metrics: Metrics;
  readonly world: World;
  readonly recent: Recent;
  readonly version: string;
  readonly notReady: () => string | undefined;
}

/** Violations in a frame; more than that are in /api/violations. */
const SHOWN = 200;

/** The text of a JSON array of JSON texts. */
const array = (texts: readonly string[]) => `[${texts.join(',')}]`;

export class Picture {
  /** By device id: how it looked in the last frame. */
  private readonly seen = new Map<number, string>();
  private status = '';
  private violations = 0;

  constructor(private readonly options: PictureOptions) {}

  /** Everything, as one JSON object. What was built before stays the base of changes(). */
  all(): string {
    const { world, metrics, recent } = this.options;
    const devices: LiveDevice[] = [];
    for (const d of world.devices.values()) devices.push(liveDevice(world, d, metrics));
    const gone = metrics.departed.recent(world.now);
    return `{${this.clock()},"status":${this.statusText()},"devices":${JSON.stringify(devices)},"gone":${JSON.stringify(gone)},"violations":${array(recent.briefs(SHOWN))}}`;
  }

  /** What is new since the last call, or undefined. */
  changes(): string | undefined {
    const parts = [this.changedStatus(), this.changedDevices(), this.newViolations()].filter(Boolean);
    return parts.length ? `{${[this.clock(), ...parts].join(',')}}` : undefined;
  }

  /** Says no more than that time goes on. */
  beat(): string {
    return `{${this.clock()}}`;
  }

  private clock(): string {
    const { world: w } = this.options;
    const wall = w.wallOffset === undefined ? null : Number((w.base + w.wallOffset) / 1_000_000n);
    return `"base_ns":"${w.base}","now_ns":${w.now},"wall_ms":${wall}`;
  }

  private statusText(): string {
    const { world, metrics, version, notReady } = this.options;
    return JSON.stringify(statusJson(world, metrics, version, notReady()));
  }

  private changedStatus(): string {
    const text = this.statusText();
    if (text === this.status) return '';
    this.status = text;
    return `"status":${text}`;
  }

  private changedDevices(): string {
    const { world, metrics } = this.options;
    const changed: LiveDevice[] = [];
    for (const d of world.devices.values()) {
      const { info, warning, critical } = metrics.violationsOf(d.name);
      const looks = signature(d, info + warning + critical);
      if (this.seen.get(d.id) === looks) continue;
      this.seen.set(d.id, looks);
      changed.push(liveDevice(world, d, metrics));
    }
    const gone = [...this.seen.keys()].filter((id) => !world.devices.has(id));
    for (const id of gone) this.seen.delete(id);
    const left = metrics.departed.recent(world.now).filter(({ id }) => gone.includes(id));
    return [
      ...(changed.length ? [`"devices":${JSON.stringify(changed)}`] : []),
      ...(left.length ? [`"gone":${JSON.stringify(left)}`] : []),
    ].join(',');
  }

  private newViolations(): string {
    const { recent } = this.options;
    const n = Math.min(recent.made - this.violations, SHOWN);
    this.violations = recent.made;
    return n > 0 ? `"violations":${array(recent.briefs(n))}` : '';
  }
}
