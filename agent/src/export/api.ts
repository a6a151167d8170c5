// SPDX-License-Identifier: Apache-2.0
/** The JSON of /api/devices and /api/status: plain data, made from the world at each request. */
import { coverage, type FactCoverage } from '../model/coverage.js';
import type { Device } from '../model/device.js';
import { flagNames, stateName } from '../model/fsm.js';
import type { World } from '../model/world.js';
import type { Severity } from '../rules/rule.js';
import { RINGS } from './host_series.js';
import type { Metrics } from './metrics.js';

/** Times: `*_at_ns` is CLOCK_MONOTONIC (hex string over 2^53), `*_ns` alone is a duration. */
export interface DeviceJson {
  readonly name: string;
  readonly driver: string;
  readonly bus: string;
  readonly vm: string;
  readonly group: number;
  readonly migration: readonly string[];
  readonly state: string;
  /** What told the state: open, set, arc, get, reset; `unknown` if nothing has. */
  readonly known_by: string;
  readonly since_at_ns: number | string;
  readonly since_ns: number;
  readonly transition: TransitionJson | null;
  readonly episode: { readonly id: number; readonly side: string; readonly lost: number } | null;
  readonly bytes_saved: number;
  readonly bytes_resumed: number;
  readonly violations: Readonly<Record<Severity, number>>;
}

export interface TransitionJson {
  readonly from: string;
  readonly requested: string;
  readonly since_ns: number;
  /** Steps begun so far. */
  readonly arcs: readonly string[];
}

export interface RingJson {
  readonly ring: string;
  readonly made: number;
  readonly lost: number;
  readonly received: number;
}

export interface StatusJson {
  readonly version: string;
  readonly ready: boolean;
  /** Why not ready; empty if it is. */
  readonly why: string;
  readonly devices: number;
  readonly violations: Readonly<Record<Severity, number>>;
  readonly coverage: readonly FactCoverage[];
  readonly rings: readonly RingJson[];
  /** Records that no device could be named for. */
  readonly unattributed: number;
}

function exact(w: World, at: number): number | string {
  const ns = w.base + BigInt(Math.trunc(at));
  return ns <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(ns) : `0x${ns.toString(16)}`;
}

function transition(w: World, d: Device): TransitionJson | null {
  const t = d.transition;
  if (!t) return null;
  return {
    from: stateName(t.from),
    requested: stateName(t.requested),
    since_ns: Math.max(0, w.now - t.at),
    arcs: t.arcs.map((a) => `${stateName(a.from)} → ${stateName(a.to)}`),
  };
}

export function deviceJson(w: World, d: Device, metrics: Metrics): DeviceJson {
  return {
    name: d.name,
    driver: d.driver,
    bus: d.bus,
    vm: w.vmOf(d),
    group: d.group,
    migration: d.v1 ? ['v1'] : d.hasMigration ? flagNames(d.flags).split(',') : [],
    state: d.stateName,
    known_by: d.how,
    since_at_ns: exact(w, d.landedAt),
    since_ns: Math.max(0, w.now - d.landedAt),
    transition: transition(w, d),
    episode: d.episode ? { id: d.episode.id, side: d.episode.side, lost: d.episode.lost } : null,
    bytes_saved: d.counts.bytesSaved,
    bytes_resumed: d.counts.bytesResumed,
    violations: metrics.violationsOf(d.name),
  };
}

export function devicesJson(w: World, metrics: Metrics): DeviceJson[] {
  return [...w.devices.values()].map((d) => deviceJson(w, d, metrics));
}

export function statusJson(
  w: World,
  metrics: Metrics,
  version: string,
  notReady: string | undefined,
): StatusJson {
  const stats = metrics.rings();
  return {
    version,
    ready: notReady === undefined,
    why: notReady ?? '',
    devices: w.devices.size,
    violations: metrics.violationsBySeverity(),
    coverage: coverage(w.probes, w.devices.values()),
    rings: RINGS.map((ring, i) => ({
      ring,
      made: stats?.made[i] ?? 0,
      lost: stats?.lost[i] ?? 0,
      received: stats?.received[i] ?? 0,
    })),
    unattributed: w.unattributed,
  };
}
