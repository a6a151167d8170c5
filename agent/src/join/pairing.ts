// SPDX-License-Identifier: Apache-2.0
/**
 * Which half belongs to which: by the VM's UUID; where a command line has none, by data sessions that lasted at the
 * same time and moved the same number of bytes.
 */
import { between, type Clocks, clocksOf } from './clocks.js';
import { bytesOf, type Half, isExact } from './half.js';

export interface Pair {
  readonly source: Half;
  readonly destination: Half;
  readonly by: 'uuid' | 'bytes';
  /** No other half could have been in the place of either: their bytes may be compared. */
  readonly certain: boolean;
}

/** All devices of one VM that went from one process to another. */
export interface Migration {
  readonly clocks: Clocks;
  readonly pairs: readonly [Pair, ...Pair[]];
}

export interface Joined {
  readonly migrations: readonly Migration[];
  /** Halves whose other side is in none of the traces. */
  readonly alone: readonly Half[];
}

/** Did the two sessions last at the same time, as far as the clocks tell? */
function overlap(s: Half, d: Half): boolean {
  const clocks = clocksOf(s, d);
  if (clocks.error === undefined || !s.lastData || !d.lastData) return true;
  const slack = clocks.error;
  return between(clocks, s.began, d.lastData) >= -slack && between(clocks, d.began, s.lastData) >= -slack;
}

/** A device does not migrate to itself, and what one process does is one side. */
const apart = (s: Half, d: Half) => s.host.origin.boot_id !== d.host.origin.boot_id || s.tgid !== d.tgid;

const sameBytes = (s: Half, d: Half) => bytesOf(s) === bytesOf(d);

function candidates(s: Half, destinations: readonly Half[]): Half[] {
  return destinations.filter((d) => {
    if (!apart(s, d) || !overlap(s, d)) return false;
    if (s.uuid || d.uuid) return s.uuid === d.uuid;
    return isExact(s) && isExact(d) && bytesOf(s) > 0 && sameBytes(s, d);
  });
}

/** Sources in order; each takes the first that moved as many bytes, else the first that is left. */
function match(sources: readonly Half[], destinations: readonly Half[]): Pair[] {
  const free = new Set(destinations);
  const reach = new Map(sources.map((s) => [s, candidates(s, destinations)]));
  const rivals = (d: Half) => sources.filter((s) => reach.get(s)?.includes(d)).length;
  const pairs: Pair[] = [];
  const take = (s: Half, d: Half | undefined) => {
    if (!d) return;
    free.delete(d);
    const certain = reach.get(s)?.length === 1 && rivals(d) === 1;
    // Without a UUID nothing but the bytes speaks for a pair: two that could be are none.
    if (s.uuid || certain) pairs.push({ source: s, destination: d, by: s.uuid ? 'uuid' : 'bytes', certain });
  };
  const open = (s: Half) => reach.get(s)?.filter((d) => free.has(d)) ?? [];
  for (const s of sources)
    take(
      s,
      open(s).find((d) => isExact(s) && isExact(d) && sameBytes(s, d)),
    );
  const taken = new Set(pairs.map((p) => p.source));
  for (const s of sources) if (!taken.has(s)) take(s, open(s)[0]);
  return pairs;
}

const byTime = (a: Half, b: Half) => (a.began.wall < b.began.wall ? -1 : 1);

/** Joins the halves of all hosts. */
export function join(halves: readonly Half[]): Joined {
  const sorted = [...halves].sort(byTime);
  const pairs = match(
    sorted.filter((h) => h.side === 'source'),
    sorted.filter((h) => h.side === 'destination'),
  );
  const groups = new Map<string, [Pair, ...Pair[]]>();
  for (const pair of pairs) {
    const { source: s, destination: d } = pair;
    const key = `${s.host.origin.boot_id} ${s.tgid} ${d.host.origin.boot_id} ${d.tgid}`;
    const group = groups.get(key);
    if (group) group.push(pair);
    else groups.set(key, [pair]);
  }
  const joined = new Set(pairs.flatMap((p) => [p.source, p.destination]));
  return {
    migrations: [...groups.values()].map((group) => ({
      clocks: clocksOf(group[0].source, group[0].destination),
      pairs: group,
    })),
    alone: sorted.filter((h) => !joined.has(h)),
  };
}
