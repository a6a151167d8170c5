// SPDX-License-Identifier: Apache-2.0
import type { Decoder } from '../wire/events.gen.js';
import type { Evicted } from './bounds.js';
import { Containers } from './containers.js';
import { Contexts } from './contexts.js';
import type { Probe } from './coverage.js';
import type { Device, Side } from './device.js';
import { Devices } from './devices.js';
import { IdMap } from './id_map.js';
import { P2pMappings } from './p2p_mappings.js';
import { Reports } from './reports.js';
import type { Session } from './session.js';
import type { IrqWindow } from './set_irqs.js';
import type { Reading } from './snapshot.js';

/** A mapping of a BAR that was removed. */
export interface FormerBar {
  readonly iova: number;
  readonly size: number;
  readonly target: number;
  /** When it was removed, relative ns. */
  readonly removedAt: number;
}

/** A type1 container and what is mapped in it. */
export class Container {
  /** Live mappings of BARs. */
  readonly p2p = new P2pMappings();
  /** Where BARs were mapped that are not any more: the last of them. */
  readonly formerBars: FormerBar[] = [];
  /** Devices whose mappings these are, in order of their ids; see World.place. */
  readonly devices: Device[] = [];
  /** When its first group was seen to join, relative ns; -1: it is older, or a mapping could not be seen for what it is. */
  since = -1;
  /** Bytes whose removal has been seen since the last UNMAP_DMA returned. */
  removed = 0;
  /** ... and how many of them were no device's BAR. */
  removedRam = 0;
  /** The last of them; `counted` is what it took off mappedBytes. */
  lastRemoved:
    | { readonly tid: number; readonly iova: number; readonly size: number; readonly counted: number }
    | undefined;
  mappedBytes = 0;
  /** Every mapping has been told since `since`: a walk at start, or its first group was seen to join. */
  walked = false;
  /** IOVAs that were mapped before the walk, and that it may find again. */
  readonly early = new Set<number>();
  /** One of its mappings could not be seen for what it is. */
  doubtful = false;
  /** The thread that walked it: what its records tell is no act of anybody's. */
  foundBy = -1;
  maps = 0;
  unmaps = 0;
  /** Type1 dirty tracking (DIRTY_PAGES START) is on. */
  tracking = false;
  /** End time of the last dirty report of any range; -1 none. */
  lastReportAt = -1;
  /** What type1 has reported. */
  readonly reports = new Reports();
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
  /** `device` is still as it was in the state, and landed there at `landedAt`. */
  visit(state: number, took: number, device: Device): void;
  /** `device` is still in its episode. */
  migration(side: Side, result: MigrationResult, device: Device): void;
  stopped(side: Side, took: number): void;
  /** SET_IRQS arranged interrupts of a device that is being restored. */
  irqsRestored(window: IrqWindow): void;
  appeared(device: Device): void;
  gone(device: Device): void;
}

const NO_DEVICES: readonly Device[] = [];

/** All that is known of this host. One owner mutates it (fold); rules only read it. */
export class World {
  /** Time of the last record, relative ns. */
  now = 0;
  /** CLOCK_REALTIME minus CLOCK_MONOTONIC at the last tick, ns; undefined before the first. */
  wallOffset: bigint | undefined;
  /** CLOCK_MONOTONIC that relative times count from. */
  base = 0n;
  readonly devices = new Devices();
  readonly containers = new Containers();
  readonly sessions = new IdMap<Session>();
  readonly vms = new Map<number, Vm>();
  /** Control groups of processes. */
  readonly cgroups = new Map<number, string>();
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
  /** What was forgotten because there was too much of it. */
  readonly evicted: Record<Evicted, number> = {
    devices: 0,
    containers: 0,
    sessions: 0,
    vms: 0,
    findings: 0,
    p2p_mappings: 0,
  };
  /** Id of the policy by which the recording agent judges; empty before its first record. */
  policy = '';
  /** A snapshot that is being read. */
  snapshot: Reading | undefined;

  /** What the batch that is being read tells of each device. */
  readonly contexts = new Contexts();

  constructor(readonly observer: Observer) {}

  /** The decoder stands at the first of the records that are to be folded next. */
  batchBegins(batch: Decoder): void {
    this.contexts.begin(batch);
  }

  /** To be called when the bytes of what was folded are about to go. */
  batchEnds(): void {
    this.contexts.end(this.devices);
  }

  /** May a record of this ring be missing between `since` and now? */
  mayHaveLost(ring: number, since: number): boolean {
    return (this.openLoss[ring] ?? 0) > 0 || (this.lostUntil[ring] ?? -1) >= since;
  }

  /** Devices whose mappings are the container's. */
  devicesOf(container: number): readonly Device[] {
    return this.containers.get(container)?.devices ?? NO_DEVICES;
  }

  /** Moves a device to a container; undefined: it is in none any more. */
  place(d: Device, to: Container | undefined): void {
    const was = this.containers.get(d.container)?.devices;
    const at = was?.indexOf(d) ?? -1;
    if (at >= 0) was?.splice(at, 1);
    d.container = to?.id ?? 0;
    if (!to) return;
    const after = to.devices.findIndex((other) => other.id > d.id);
    to.devices.splice(after < 0 ? to.devices.length : after, 0, d);
  }

  /** The `vm` label: the VM's name, else its UUID, else the pod or service that it runs in, else empty. */
  vmOf(device: Device): string {
    const vm = this.vms.get(device.tgid);
    return vm?.name || vm?.uuid || groupName(this.cgroups.get(device.tgid) ?? '');
  }
}

/** A pod's UID or a service's name; a login session is nobody's. */
export function groupName(cgroup: string): string {
  const pod = /\bpod([0-9a-f]{8}[-_][0-9a-f_-]{27})\b/.exec(cgroup)?.[1];
  if (pod) return `pod ${pod.replaceAll('_', '-')}`;
  return /([^/]+)\.service(?:\/|$)/.exec(cgroup)?.[1] ?? '';
}

export const NO_OBSERVER: Observer = {
  arc: () => {},
  visit: () => {},
  migration: () => {},
  stopped: () => {},
  irqsRestored: () => {},
  appeared: () => {},
  gone: () => {},
};
