// SPDX-License-Identifier: Apache-2.0
/** How long a VM was without its devices, from one host to the other. */
import { between } from './clocks.js';
import type { Half, Moment } from './half.js';
import type { Migration, Pair } from './pairing.js';

/** All in ns. */
export interface Downtime {
  /** By the clocks of both hosts. */
  readonly total: number;
  /** By how much `total` may be wrong; undefined: by anything. */
  readonly error: number | undefined;
  /** Whatever the clocks say: no byte is loaded before it was saved, so what each host measured by itself adds up. */
  readonly least: number;
  /** Of `least`: from the stop of the first device to the last byte saved, from the last byte loaded to the last device's start. */
  readonly source: number;
  readonly destination: number;
  /** Of `source`: between landing in STOP_COPY and the first read there; the last pass of RAM, or a wait that was asked for. */
  readonly waited: number;
}

const own = (from: Moment, to: Moment) => Number(to.mono - from.mono);

function waitedIn({ session, steps, lastData }: Half): number {
  const landed = steps.find((s) => s.state === 'STOP_COPY');
  if (!landed || !lastData || session.drainBeganAt < 0) return 0;
  // Both count from the same record.
  const first = lastData.mono - BigInt(Math.trunc(session.lastDataAt - session.drainBeganAt));
  return Math.max(0, Number(first - landed.mono));
}

const earliest = (a: Moment, b: Moment) => (b.mono < a.mono ? b : a);
const latest = (a: Moment, b: Moment) => (b.mono > a.mono ? b : a);

/** A pair of which all is known that downtime is made of. */
interface Timed {
  readonly stopped: Moment;
  readonly saved: Moment;
  readonly loaded: Moment;
  readonly running: Moment;
}

function timed({ source, destination }: Pair): Timed | undefined {
  const { stopped, lastData: saved } = source;
  const { running, lastData: loaded } = destination;
  return stopped && saved && loaded && running && { stopped, saved, loaded, running };
}

/** Undefined where a device never ran again, or its times were not seen. */
export function downtime({ clocks, pairs }: Migration): Downtime | undefined {
  const times = pairs.map(timed).filter((t) => t !== undefined);
  if (times.length < pairs.length) return undefined;
  const stopped = times.map((t) => t.stopped).reduce(earliest);
  const running = times.map((t) => t.running).reduce(latest);
  const parts = times.map((t) => ({ source: own(stopped, t.saved), destination: own(t.loaded, running) }));
  const longest = parts.reduce((a, b) => (b.source + b.destination > a.source + a.destination ? b : a));
  return {
    total: between(clocks, stopped, running),
    error: clocks.error,
    least: longest.source + longest.destination,
    ...longest,
    waited: Math.max(...pairs.map((p) => waitedIn(p.source))),
  };
}

/** By how much the clocks contradict what cannot be otherwise, ns; 0: not at all. */
export function contradiction({ total, error, least }: Downtime): number {
  return Math.max(0, least - total - (error ?? 0));
}
