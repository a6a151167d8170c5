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

export function map(w: World, e: DmaMapEvent): void {
  const c = container(w, e.container);
  c.maps++;
  if (e.ret === 0) c.mappedBytes += e.size;
}

/** A mapping went, whoever asked; UNMAP_DMA's own record follows and then subtracts nothing more. */
export function remove(w: World, e: DmaRemoveEvent): void {
  const c = container(w, e.container);
  c.removed += e.size;
  c.mappedBytes = Math.max(0, c.mappedBytes - e.size);
  for (const m of c.p2p) if (m.iova >= e.iova && m.iova < e.iova + e.size) c.p2p.delete(m);
}

export function unmap(w: World, e: DmaUnmapEvent): void {
  const c = container(w, e.container);
  c.unmaps++;
  if (e.ret === 0) c.mappedBytes = Math.max(0, c.mappedBytes - Math.max(0, e.size - c.removed));
  c.removed = 0;
}

/** The mapping just made is of another device's BAR (or the device's own). */
export function p2pMap(w: World, e: P2pMapEvent): void {
  container(w, e.container).p2p.add({ iova: e.iova, size: e.size, target: e.target, pos: e.pos, at: e.at });
}

export function joined(w: World, e: ContainerEvent): void {
  if (e.ret < 0) return;
  const c = container(w, e.container);
  if (e.attached) c.groups.add(e.group);
  else c.groups.delete(e.group);
  for (const d of w.devices.values()) if (d.group === e.group) d.container = e.attached ? e.container : 0;
  if (c.groups.size === 0) w.containers.delete(c.id);
}

export function dirtyLog(w: World, d: Device | undefined, e: DirtyLogEvent): void {
  if (e.ret < 0) return;
  if (e.container) {
    const c = container(w, e.container);
    if (e.op === DirtyOpValue.REPORT) c.lastReportAt = e.at;
    else c.tracking = e.op === DirtyOpValue.START;
    for (const member of w.devicesOf(c.id)) loggingChanged(w, member, e);
    return;
  }
  if (!d) return;
  if (e.op === DirtyOpValue.REPORT) d.counts.dirtyReports++;
  else d.logging = e.op === DirtyOpValue.START;
  loggingChanged(w, d, e);
}

function loggingChanged(w: World, d: Device, e: DirtyLogEvent): void {
  if (e.op === DirtyOpValue.START) episode.loggingStarted(w, d, e.at);
  else if (e.op === DirtyOpValue.STOP && d.state === State.RUNNING) episode.end(w, d, e.at);
}
