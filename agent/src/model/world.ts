// SPDX-License-Identifier: Apache-2.0
import type { Probe } from './coverage.js';
import type { Device, Side } from './device.js';
import type { Session } from './session.js';

/** A BAR mapped for DMA: every device of the container can reach it. */
export interface P2pMapping {
  readonly iova: number;
  readonly size: number;
  /** Device whose BAR it is. */
  readonly target: number;
  /** Place in the target: region index and offset. */
  readonly pos: number;
  readonly at: number;
}

/** A type1 container and what is mapped in it. */
export class Container {
  /** Live mappings of BARs. */
  readonly p2p = new Set<P2pMapping>();
  /** When its first group was seen to join, relative ns; -1: it is older, or a mapping could not be seen for what it is. */
  since = -1;
  /** Bytes whose removal has been seen since the last UNMAP_DMA returned. */
  removed = 0;
  /** The last of them; `counted` is what it took off mappedBytes. */
  lastRemoved:
    | { readonly tid: number; readonly iova: number; readonly size: number; readonly counted: number }
    | undefined;
  mappedBytes = 0;
  maps = 0;
  unmaps = 0;
  /** Type1 dirty tracking (DIRTY_PAGES START) is on. */
  tracking = false;
  /** End time of the last dirty report of any range; -1 none. */
  lastReportAt = -1;
  readonly groups = new Set<number>();
  constructor(readonly id: number) {}
}

/** Who a process is, for people. */
export interface Vm {
  readonly name: string;
  readonly uuid: string;
}

export type MigrationResult = 'completed' | 'failed' | 'cancelled';

/** What the fold tells those who count; all durations in ns. Every method must be cheap. */
export interface Observer {
  arc(device: Device, from: number, to: number, ok: boolean, took: number): void;
  visit(state: number, took: number): void;
  migration(side: Side, result: MigrationResult): void;
  stopped(side: Side, took: number): void;
  appeared(device: Device): void;
  gone(device: Device): void;
}

/** All that is known of this host. One owner mutates it (fold); rules only read it. */
export class World {
  /** Time of the last record, relative ns. */
  now = 0;
  /** CLOCK_REALTIME minus CLOCK_MONOTONIC at the last tick, ns; undefined before the first. */
  wallOffset: bigint | undefined;
  /** CLOCK_MONOTONIC that relative times count from. */
  base = 0n;
  readonly devices = new Map<number, Device>();
  readonly containers = new Map<number, Container>();
  readonly sessions = new Map<number, Session>();
  readonly vms = new Map<number, Vm>();
  readonly probes = new Map<string, Probe>();
  /** Records lost so far, per ring. */
  readonly lost = [0, 0];
  /** Of these, how many may have been lost just now, and after how many more ticks that is past. */
  readonly openLoss = [0, 0];
  readonly openLossTicks = [0, 0];
  /** The last time at which a past loss may have happened, relative ns, per ring; -1 none. */
  readonly lostUntil = [-1, -1];
  /** Records that no device could be named for. */
  unattributed = 0;
  /** This kernel was seen to refuse STOP_COPY to PRE_COPY, where an unfixed one never returns. */
  refusesBlockedArc = false;
  episodes = 0;

  constructor(readonly observer: Observer) {}

  /** May a record of this ring be missing between `since` and now? */
  mayHaveLost(ring: number, since: number): boolean {
    return (this.openLoss[ring] ?? 0) > 0 || (this.lostUntil[ring] ?? -1) >= since;
  }

  /** Devices whose mappings are the container's. */
  *devicesOf(container: number): Generator<Device> {
    for (const d of this.devices.values()) if (d.container === container) yield d;
  }

  /** The `vm` label: the VM's name, else its UUID, else empty. */
  vmOf(device: Device): string {
    const vm = this.vms.get(device.tgid);
    return vm ? vm.name || vm.uuid : '';
  }
}

export const NO_OBSERVER: Observer = {
  arc: () => {},
  visit: () => {},
  migration: () => {},
  stopped: () => {},
  appeared: () => {},
  gone: () => {},
};
