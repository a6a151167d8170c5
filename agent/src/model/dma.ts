// SPDX-License-Identifier: Apache-2.0
/** Containers: what is mapped in them, for whom, and whose BARs are among it. */
import type {
  ContainerEvent,
  DmaMapEvent,
  DmaRemoveEvent,
  DmaUnmapEvent,
  KnownContainerEvent,
  KnownMappingEvent,
  P2pMapEvent,
} from '../wire/events.gen.js';
import { keepBounds, keepP2pBound } from './bounds.js';
import type { Device } from './device.js';
import * as dirty from './dirty.js';
import { Container, type World } from './world.js';

export function container(w: World, id: number): Container {
  let c = w.containers.get(id);
  if (!c) {
    c = new Container(id);
    w.containers.set(id, c);
    keepBounds(w);
  }
  return c;
}

/** VFIO_DMA_MAP_FLAG_VADDR, VFIO_DMA_UNMAP_FLAG_VADDR: the IOVA stays mapped, only its owner moves. */
const VADDR = 4;

export function map(w: World, _d: Device | undefined, e: DmaMapEvent): void {
  const c = container(w, e.container);
  c.maps++;
  if (e.ret === 0 && !(e.flags & VADDR)) {
    c.mappedBytes += e.size;
    if (!c.walked) c.early.add(e.iova);
    dirty.mapped(w, c, e);
  }
  if (e.ret < 0) undo(c, e);
}

/** A MAP_DMA that fails half way removes what it had mapped so far, which never was counted. */
function undo(c: Container, e: DmaMapEvent): void {
  const last = c.lastRemoved;
  if (last?.tid !== e.tid || last.iova !== e.iova) return;
  c.mappedBytes += last.counted;
  c.removed = Math.max(0, c.removed - last.size);
  c.lastRemoved = undefined;
}

/**
 * A mapping went, whoever asked; UNMAP_DMA's own record follows and then subtracts
 * nothing more. When the last group has left, the container is gone before they are.
 */
export function remove(w: World, _d: Device | undefined, e: DmaRemoveEvent): void {
  const c = w.containers.get(e.container);
  if (!c) return;
  const counted = Math.min(c.mappedBytes, e.size);
  const { iova, size } = e;
  c.removed += size;
  if (!removeBars(c, iova, size, e.at)) c.removedRam += size;
  c.mappedBytes -= counted;
  c.early.delete(iova);
  c.lastRemoved = { tid: e.tid, iova, size, counted };
}

const MAX_FORMER_BARS = 64;

/** Mappings of BARs that begin in the range are gone, and remembered for a while; false: there were none. */
function removeBars(c: Container, iova: number, size: number, removedAt: number): boolean {
  const bars = c.p2p.within(iova, size);
  if (bars.length === 0) return false;
  for (const { iova: was, size: long, target } of bars)
    c.formerBars.push({ iova: was, size: long, target, removedAt });
  while (c.formerBars.length > MAX_FORMER_BARS) c.formerBars.shift();
  c.p2p.remove(iova, size);
  return true;
}

/** Only BARs were unmapped since the last UNMAP_DMA returned. */
export const onlyBars = (c: Container): boolean => c.removed > 0 && c.removedRam === 0;

export function unmap(w: World, _d: Device | undefined, e: DmaUnmapEvent): void {
  const c = container(w, e.container);
  c.unmaps++;
  if (e.ret === 0 && !(e.flags & VADDR)) {
    c.mappedBytes = Math.max(0, c.mappedBytes - Math.max(0, e.size - c.removed));
    removeBars(c, e.iova, e.size, e.at); // should the removals' own records be lost
    if (!onlyBars(c)) dirty.unmapped(w, c, e);
  }
  c.removed = 0;
  c.removedRam = 0;
}

/** Found at start. A mapping made since the probes were attached has been told already. */
export function knownMapping(w: World, _d: Device | undefined, e: KnownMappingEvent): void {
  const c = container(w, e.container);
  c.foundBy = e.tid;
  if (!c.early.has(e.iova)) c.mappedBytes += e.size;
}

/** The end of a walk. `since` falls back to unknown with the first mapping that could not be looked up. */
export function knownContainer(w: World, _d: Device | undefined, e: KnownContainerEvent): void {
  const c = container(w, e.container);
  c.foundBy = e.tid;
  if (!c.walked && e.complete === 1 && !c.doubtful) c.since = e.at;
  c.walked = true;
  c.early.clear();
  c.tracking = e.tracking === 1;
}

/** The mapping just made is of another device's BAR (or the device's own). */
export function p2pMap(w: World, _d: Device | undefined, e: P2pMapEvent): void {
  const c = container(w, e.container);
  if (e.miss) {
    c.doubtful = true;
    c.since = -1; // it may be one: not every mapping of the container is known any more
    return;
  }
  c.p2p.remove(e.iova, e.size); // its owner moved: the same mapping once more
  c.p2p.add({ iova: e.iova, size: e.size, target: e.target, pos: e.pos, at: e.at });
  keepP2pBound(w, c);
  dirty.isBar(w, c, e);
}

export function joined(w: World, _d: Device | undefined, e: ContainerEvent): void {
  if (e.ret < 0) return;
  if (e.attached && !w.containers.has(e.container)) {
    const born = container(w, e.container);
    born.since = e.at;
    born.walked = true;
  }
  const c = container(w, e.container);
  if (e.attached) c.groups.add(e.group);
  else c.groups.delete(e.group);
  for (const d of w.devices.ofGroup(e.group)) w.place(d, e.attached ? c : undefined);
  if (c.groups.size === 0) w.containers.delete(c.id);
}
