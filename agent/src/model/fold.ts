// SPDX-License-Identifier: Apache-2.0
/** Folds one record into the world. Total: any sequence of records is accepted. */
import type {
  CloseEvent,
  ContainerEvent,
  DataReadEvent,
  DataWriteEvent,
  DeviceEvent,
  DirtyLogEvent,
  DmaMapEvent,
  DmaUnmapEvent,
  KernelEvent,
  MigGetEvent,
  OpenEvent,
  RegionReadEvent,
  RegionWriteEvent,
  ResetEvent,
  TickEvent,
} from '../wire/events.gen.js';
import { DirtyOpValue } from '../wire/events.gen.js';
import { Device } from './device.js';
import * as episode from './episode.js';
import { saw } from './error_state.js';
import { State, UNKNOWN } from './fsm.js';
import { lost, notice, settleLosses } from './loss.js';
import { endSession, enter, leave, step } from './transition.js';
import { Container, type World } from './world.js';

function container(w: World, id: number): Container {
  let c = w.containers.get(id);
  if (!c) {
    c = new Container(id);
    w.containers.set(id, c);
  }
  return c;
}

function device(w: World, e: DeviceEvent): void {
  const d = new Device(
    e.dev,
    e.name,
    e.driver,
    e.bus,
    e.flags,
    e.hasMigOps === 1,
    e.group,
    e.container,
    e.tgid,
    e.comm,
    e.at,
    e.gen,
  );
  w.devices.set(d.id, d);
  if (d.container) container(w, d.container).groups.add(d.group);
  w.observer.appeared(d);
}

function open(d: Device, e: OpenEvent): void {
  if (e.openCount !== 1) return;
  d.state = State.RUNNING;
  d.how = 'open';
  d.landedAt = e.at;
  d.landedBy = e.tid;
}

function close(w: World, d: Device, e: CloseEvent): void {
  if (e.last !== 1) return;
  if (d.state >= 0) w.observer.visit(d.state, e.at - d.landedAt);
  episode.broken(w, d);
  w.devices.delete(d.id);
  w.observer.gone(d);
}

/** GET tells the truth, unless a SET is in flight around it. If it contradicts what is known, neither holds. */
function get(d: Device, e: MigGetEvent): void {
  if (e.ret !== 0 || e.miss || d.transition) return;
  saw(d, e.state, e.at);
  if (d.state === e.state) return;
  const tells = d.state === UNKNOWN && e.state !== State.ERROR;
  d.state = tells ? e.state : UNKNOWN;
  d.how = tells ? 'get' : 'unknown';
  d.landedAt = e.at;
}

function reset(w: World, d: Device, e: ResetEvent): void {
  d.counts.resets.set(e.resetKind, (d.counts.resets.get(e.resetKind) ?? 0) + 1);
  if (d.transition) d.transition.disturbed = true;
  d.failure = undefined;
  if (e.ret < 0) return;
  if (d.state >= 0) w.observer.visit(d.state, e.at - d.landedAt);
  d.lastResetAt = e.at;
  d.lastResetTid = e.tid;
  d.state = State.RUNNING;
  d.how = 'reset';
  d.landedAt = e.at;
  d.landedBy = e.tid;
  d.errorSeen = 0;
  d.errorAt = -1;
  d.logging = false;
  endSession(d, State.RUNNING, e.at);
  episode.broken(w, d);
}

function dataRead(w: World, d: Device | undefined, e: DataReadEvent): void {
  const s = w.sessions.get(e.session);
  if (!s || !d) {
    w.unattributed++;
    return;
  }
  if (e.ret > 0) {
    s.bytesRead += e.ret;
    d.counts.bytesSaved += e.ret;
  }
  if (d.state !== State.STOP_COPY || d.transition || d.session !== s) return;
  if (s.drainBeganAt < 0) s.drainBeganAt = e.at;
  if (e.ret === 0 && e.count > 0 && !s.eos) {
    s.eos = true;
    s.eosAt = e.at;
  }
}

function dataWrite(w: World, d: Device | undefined, e: DataWriteEvent): void {
  const s = w.sessions.get(e.session);
  if (!s || !d) {
    w.unattributed++;
    return;
  }
  if (e.ret <= 0) return;
  s.bytesWritten += e.ret;
  d.counts.bytesResumed += e.ret;
}

function dirtyLog(w: World, d: Device | undefined, e: DirtyLogEvent): void {
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

function map(w: World, e: DmaMapEvent): void {
  const c = container(w, e.container);
  c.maps++;
  if (e.ret === 0) c.mappedBytes += e.size;
}

function unmap(w: World, e: DmaUnmapEvent): void {
  const c = container(w, e.container);
  c.unmaps++;
  if (e.ret === 0) c.mappedBytes = Math.max(0, c.mappedBytes - e.size);
}

function joined(w: World, e: ContainerEvent): void {
  if (e.ret < 0) return;
  const c = container(w, e.container);
  if (e.attached) c.groups.add(e.group);
  else c.groups.delete(e.group);
  for (const d of w.devices.values()) if (d.group === e.group) d.container = e.attached ? e.container : 0;
  if (c.groups.size === 0) w.containers.delete(c.id);
}

function regionAccess(d: Device, e: RegionReadEvent | RegionWriteEvent): void {
  const counts = e.kind === 'region_read' ? d.counts.regionReads : d.counts.regionWrites;
  const region = regionIndex(e.pos);
  counts.set(region, (counts.get(region) ?? 0) + 1);
  if (d.transition) d.counts.ambiguous++;
}

/** vfio-pci and mtty put the region's index above bit 40 of the file position. */
export function regionIndex(pos: number): number {
  return Math.floor(pos / 2 ** 40);
}

function tick(w: World, e: TickEvent): void {
  w.wallOffset = e.wallNs - e.atNs;
  settleLosses(w, e.at);
}

/** Folds `e`. The record's bytes may be gone after the call. */
export function fold(w: World, e: KernelEvent, record: Uint8Array): void {
  if (e.at > w.now) w.now = e.at;
  const d = e.dev ? w.devices.get(e.dev) : undefined;
  switch (e.kind) {
    case 'device':
      device(w, e);
      w.devices.get(e.dev)?.context.add(record);
      return;
    case 'open':
    case 'close':
    case 'mig_set':
    case 'mig_arc':
    case 'mig_set_ret':
    case 'reset':
      if (!d) {
        w.unattributed++;
        return;
      }
      notice(w, e);
      d.gen = e.gen;
      break;
    default:
      break;
  }
  d?.context.add(record);
  switch (e.kind) {
    case 'open':
      if (d) open(d, e);
      break;
    case 'close':
      if (d) close(w, d, e);
      break;
    case 'mig_set':
      if (d) enter(w, d, e);
      break;
    case 'mig_arc':
      if (d) step(w, d, e);
      break;
    case 'mig_set_ret':
      if (d) leave(w, d, e);
      break;
    case 'mig_get':
      if (d) get(d, e);
      break;
    case 'reset':
      if (d) reset(w, d, e);
      break;
    case 'data_read':
      dataRead(w, d, e);
      break;
    case 'data_write':
      dataWrite(w, d, e);
      break;
    case 'data_release': {
      const s = w.sessions.get(e.session);
      if (s) s.released = true;
      w.sessions.delete(e.session);
      break;
    }
    case 'set_irqs':
      d?.counts.setIrqs.set(e.index, (d.counts.setIrqs.get(e.index) ?? 0) + 1);
      break;
    case 'region_read':
    case 'region_write':
      if (d) regionAccess(d, e);
      break;
    case 'dma_map':
      map(w, e);
      break;
    case 'dma_unmap':
      unmap(w, e);
      break;
    case 'container':
      joined(w, e);
      break;
    case 'dirty_log':
      dirtyLog(w, d, e);
      break;
    case 'lost':
      lost(w, e);
      break;
    case 'tick':
      tick(w, e);
      break;
    case 'probe':
      w.probes.set(`${e.probeKind} ${e.name}`, { name: e.name, kind: e.probeKind, status: e.status });
      break;
    case 'vm':
      w.vms.set(e.tgid, { name: e.name, uuid: e.uuid });
      break;
    default:
      e satisfies never;
  }
}
