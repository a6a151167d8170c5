// SPDX-License-Identifier: Apache-2.0
/**
 * How much the model keeps of one host. Real hosts stay far below; a trace is hostile input, and an agent
 * runs for years. Of what there is too much, the oldest goes and is counted, and whoever asks about it
 * is told `unknown`: a device that is not there, a session that may have missed reads, a container
 * whose mappings have not all been seen.
 */
import type { Container, World } from './world.js';

export const MOST = { devices: 4096, containers: 4096, sessions: 8192, vms: 8192 } as const;
/** Mappings of BARs in one container; a VMM makes some ten for each device. */
export const MOST_P2P = 4096;
export type Evicted = keyof typeof MOST | 'findings' | 'p2p_mappings';

/** To be called after a mapping of a BAR was added: of a container that has lost one not every mapping is known. */
export function keepP2pBound(w: World, c: Container): void {
  if (c.p2p.size <= MOST_P2P) return;
  c.p2p.dropOldest();
  c.doubtful = true;
  c.since = -1;
  w.evicted.p2p_mappings++;
}

/** To be called after something was added. */
export function keepBounds(w: World): void {
  evict(w, 'devices', w.devices, (d) => {
    w.observer.gone(d);
    w.place(d, undefined);
  });
  evict(w, 'containers', w.containers, (c) => {
    for (const d of c.devices) d.container = 0;
  });
  evict(w, 'sessions', w.sessions, (s) => {
    s.lossy = true;
  });
  evict(w, 'vms', w.vms, (_vm, tgid) => w.cgroups.delete(tgid));
  // Groups of processes that no `vm` record came for: only a trace that was tampered with has them.
  if (w.cgroups.size > MOST.vms) w.cgroups.clear();
}

function evict<T>(
  w: World,
  what: keyof typeof MOST,
  all: Map<number, T>,
  farewell: (one: T, id: number) => void,
): void {
  if (all.size <= MOST[what]) return;
  const [oldest] = all;
  if (!oldest) return;
  const [id, one] = oldest;
  all.delete(id);
  w.evicted[what]++;
  farewell(one, id);
}
