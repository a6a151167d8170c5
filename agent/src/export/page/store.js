// SPDX-License-Identifier: Apache-2.0
/** What the agent has told this page. Times are ns since the first record, unless said otherwise. */

/** Violations kept here; the agent has more. */
const KEPT = 200;
/** Lanes are shown as far back as this; older points are forgotten. ns */
const LANE_NS = 15 * 60e9;

export const store = {
  status: undefined,
  /** By id; those that were closed lately have `closed_at`. */
  devices: new Map(),
  /** Newest first. */
  violations: [],
  base: 0n,
  /** Unix time of time 0, ms; null if not known. */
  wallAtBase: null,
};

/** Of all frames, the one that was under way for the shortest time tells best what the agent's clock says. */
let ahead = Number.NEGATIVE_INFINITY;

export const now = () => (ahead === Number.NEGATIVE_INFINITY ? 0 : performance.now() * 1e6 + ahead);

const SEVERITIES = ['critical', 'warning', 'info'];

/** The worse, the smaller. */
export const rank = (v) => SEVERITIES.indexOf(v.severity);

/** @param {string} ns as in a violation: CLOCK_MONOTONIC */
export const relative = (ns) => Number(BigInt(ns) - store.base);

/** Points of a lane that the agent no longer tells, because there were many since, are still true. */
function joined(old, points) {
  if (!old || points.length === 0) return points;
  const from = Math.max(points[0][0], 0);
  const oldest = now() - LANE_NS;
  const kept = old.filter(([at], i) => at < from && (old[i + 1]?.[0] ?? from) > oldest);
  return [...kept, ...points];
}

function take(device, at) {
  const { devices } = store;
  const seen = devices.get(device.id);
  const since = (ns) => (ns < 0 ? -1 : at - ns);
  devices.set(device.id, {
    ...device,
    since: since(device.since_ns),
    episodeAt: since(device.episode_ns),
    stoppedAt: since(device.stopped_ns),
    movingAt: device.transition ? since(device.transition.since_ns) : -1,
    lane: joined(seen?.lane, device.lane),
  });
}

/** @param {boolean} all the frame is all there is to know */
export function learn(frame, all) {
  if (all) {
    store.devices.clear();
    store.violations = [];
    ahead = Number.NEGATIVE_INFINITY;
  }
  ahead = Math.max(ahead, frame.now_ns - performance.now() * 1e6);
  store.base = BigInt(frame.base_ns);
  store.wallAtBase = frame.wall_ms;
  if (frame.status) store.status = frame.status;
  for (const d of frame.devices ?? []) take(d, frame.now_ns);
  for (const d of frame.gone ?? []) take(d, d.closed_at);
  store.violations = [...(frame.violations ?? []), ...store.violations].slice(0, KEPT);
}

/** Forgets devices that were closed so long ago that nothing of their lane is left. */
export function forget() {
  for (const [id, d] of store.devices) if (d.closed_at < now() - LANE_NS) store.devices.delete(id);
}
