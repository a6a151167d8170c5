// SPDX-License-Identifier: Apache-2.0
import { LANE_NS, type LiveDevice } from './lane.js';

const MAX = 64;

/** A device that was closed, as it was last, and when, in ns since the first record. */
export interface DepartedDevice extends LiveDevice {
  readonly closed_at: number;
}

/** Devices closed lately: after a migration the source is gone, and people still ask about it. */
export class Departed {
  private readonly list: DepartedDevice[] = [];

  add(device: LiveDevice, at: number): void {
    this.list.push({ ...device, closed_at: at });
    if (this.list.length > MAX) this.list.shift();
  }

  recent(now: number): readonly DepartedDevice[] {
    return this.list.filter((d) => d.closed_at >= now - LANE_NS);
  }
}
