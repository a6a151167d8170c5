// SPDX-License-Identifier: Apache-2.0
/** A device as the page draws it: what /api/devices says, and the states it was in. */
import type { Device } from '../../model/device.js';
import { UNKNOWN } from '../../model/fsm.js';
import type { World } from '../../model/world.js';
import { type DeviceJson, deviceJson } from '../api.js';
import type { Metrics } from '../metrics.js';

/** How far back lanes go, ns. */
export const LANE_NS = 15 * 60e9;

/** From `at` on (ns since the first record) in `state`; `unknown` where nothing told. */
export type LanePoint = readonly [at: number, state: string];

export interface LiveDevice extends DeviceJson {
  /** One opened life of a device: another open has another. */
  readonly id: number;
  /** Since the episode began; -1 if there is none. */
  readonly episode_ns: number;
  /** Since the device stopped serving the guest in this episode; -1 if it serves. */
  readonly stopped_ns: number;
  /** Oldest first; the last 32 transitions at most. */
  readonly lane: readonly LanePoint[];
}

/** What makes a device's picture change; cheaper to compare than its JSON. */
export function signature(d: Device, violations: number): string {
  const { transition: t, episode: e, counts: c } = d;
  return [
    ...[d.state, d.how, d.landedAt, t?.at, t?.requested, t?.arcs.length, e?.id, e?.side, e?.stoppedAt],
    ...[e?.lost, c.bytesSaved, c.bytesResumed, violations, d.tgid],
  ].join();
}

/** Known points only: before the first of them nothing is claimed. */
function lane(w: World, d: Device): LanePoint[] {
  const from = w.now - LANE_NS;
  const points: LanePoint[] = [];
  const first = d.history[0];
  if (first && d.openSeen && d.history.length < 32) points.push([d.knownAt, first.from]);
  else if (first) points.push([first.enter, first.from]);
  for (const visit of d.history) points.push([visit.exit, visit.landed]);
  const last = points.at(-1);
  if (last?.[1] !== d.stateName && (d.state !== UNKNOWN || last))
    points.push([Math.max(d.landedAt, last?.[0] ?? 0), d.stateName]);
  const old = points.findLastIndex(([at]) => at < from);
  return points.slice(Math.max(0, old));
}

export function liveDevice(w: World, d: Device, metrics: Metrics): LiveDevice {
  const { episode: e } = d;
  const since = (at: number | undefined) => (at === undefined || at < 0 ? -1 : Math.max(0, w.now - at));
  return {
    ...deviceJson(w, d, metrics),
    id: d.id,
    episode_ns: since(e?.startedAt),
    stopped_ns: since(e?.stoppedAt),
    lane: lane(w, d),
  };
}
