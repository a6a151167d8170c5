// SPDX-License-Identifier: Apache-2.0
/** Containers: what is mapped in them, for whom, and whose BARs are among it. */
import {
  type ContainerEvent,
  type DirtyLogEvent,
  DirtyOpValue,
  type DmaMapEvent,
  type DmaRemoveEvent,
  type DmaUnmapEvent,
  type P2pMapEvent,
} from '../wire/events.gen.js';
import type { Device } from './device.js';
import * as episode from './episode.js';
import { State } from './fsm.js';
import { Container, type World } from './world.js';

export function container(w: World, id: number): Container {
  let c = w.containers.get(id);
  if (!c) {
    c = new Container(id);
    w.containers.set(id, c);
  }
  return c;
}

/** VFIO_DMA_MAP_FLAG_VADDR, VFIO_DMA_UNMAP_FLAG_VADDR: the IOVA stays mapped, only its owner moves. */
const VADDR = 4;

export function map(w: World, e: DmaMapEvent): void {
  const c = container(w, e.container);
  c.maps++;
  if (e.ret === 0 && !(e.flags & VADDR)) c.mappedBytes += e.size;
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
export function remove(w: World, e: DmaRemoveEvent): void {
  const c = w.containers.get(e.container);
  if (!c) return;
  const counted = Math.min(c.mappedBytes, e.size);
  c.removed += e.size;
  c.mappedBytes -= counted;
  c.lastRemoved = { tid: e.tid, iova: e.iova, size: e.size, counted };
  forget(c, e);
}

function forget(c: Container, e: { readonly iova: number; readonly size: number }): void {
  for (const m of c.p2p) if (m.iova >= e.iova && m.iova < e.iova + e.size) c.p2p.delete(m);
}

export function unmap(w: World, e: DmaUnmapEvent): void {
  const c = container(w, e.container);
  c.unmaps++;
  if (e.ret === 0 && !(e.flags & VADDR)) {
    c.mappedBytes = Math.max(0, c.mappedBytes - Math.max(0, e.size - c.removed));
    forget(c, e); // should the removals' own records be lost
  }
  c.removed = 0;
}

/** The mapping just made is of another device's BAR (or the device's own). */
export function p2pMap(w: World, e: P2pMapEvent): void {
  const c = container(w, e.container);
  if (e.miss) {
    c.since = -1; // it may be one: not every mapping of the container is known any more
    return;
  }
  forget(c, e); // its owner moved: the same mapping once more
  c.p2p.add({ iova: e.iova, size: e.size, target: e.target, pos: e.pos, at: e.at });
}

export function joined(w: World, e: ContainerEvent): void {
  if (e.ret < 0) return;
  if (e.attached && !w.containers.has(e.container)) container(w, e.container).since = e.at;
  const c = container(w, e.container);
  if (e.attached) c.groups.add(e.group);
  else c.groups.delete(e.group);
  for (const d of w.devices.values()) if (d.group === e.group) d.container = e.attached ? e.container : 0;
  if (c.groups.size === 0) w.containers.delete(c.id);
}

export function dirtyLog(w: World, d: Device | undefined, e: DirtyLogEvent): void {
  if (e.ret < 0) {
    if (e.op === DirtyOpValue.REPORT && !e.miss && e.ret !== EINTR) reportFailed(w, d, e);
    return;
  }
  if (e.container) {
    const c = container(w, e.container);
    if (e.op === DirtyOpValue.REPORT) c.lastReportAt = e.at;
    else c.tracking = e.op === DirtyOpValue.START;
    for (const member of w.devicesOf(c.id)) loggingChanged(w, member, e);
    return;
  }
  if (!d) return;
  if (e.op === DirtyOpValue.REPORT) d.counts.dirtyReports++;
  else {
    d.logging = e.op === DirtyOpValue.START;
    d.loggingAt = e.at;
  }
  loggingChanged(w, d, e);
}

/** A report that a signal interrupted is asked for again. */
const EINTR = -4;

/** Tracking was on and one of its reports failed: the log is not to be trusted until it is started again. */
function reportFailed(w: World, d: Device | undefined, e: DirtyLogEvent): void {
  if (!e.container) {
    if (d?.logging) d.reportFailedAt = e.at;
  } else if (w.containers.get(e.container)?.tracking) {
    for (const member of w.devicesOf(e.container)) member.reportFailedAt = e.at;
  }
}

function loggingChanged(w: World, d: Device, e: DirtyLogEvent): void {
  if (e.op !== DirtyOpValue.REPORT) d.reportFailedAt = -1;
  if (e.op === DirtyOpValue.START) episode.loggingStarted(w, d, e.at);
  else if (e.op === DirtyOpValue.STOP && d.state === State.RUNNING) episode.end(w, d, e.at);
}
