// SPDX-License-Identifier: Apache-2.0
/** Folds one record into the world. Total: any sequence of records is accepted. */
import type {
  CloseEvent,
  DeviceEvent,
  KernelEvent,
  MigGetEvent,
  OpenEvent,
  ResetEvent,
  TickEvent,
} from '../wire/events.gen.js';
import { Device } from './device.js';
import * as dma from './dma.js';
import * as episode from './episode.js';
import { saw } from './error_state.js';
import { HALT, isIn, State, UNKNOWN } from './fsm.js';
import { lost, notice, settleLosses } from './loss.js';
import * as stream from './stream.js';
import * as touch from './touch.js';
import { endSession, enter, leave, step } from './transition.js';
import type { World } from './world.js';

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
  if (d.container) dma.container(w, d.container).groups.add(d.group);
  w.observer.appeared(d);
}

function open(d: Device, e: OpenEvent): void {
  if (e.openCount !== 1) return;
  d.openSeen = true;
  d.state = State.RUNNING;
  d.how = 'open';
  d.landedAt = e.at;
  d.landedBy = e.tid;
  d.loggingAt = e.at;
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
  if (tells && isIn(e.state, HALT)) d.haltedAt = e.at; // since then at the latest
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
  // Drivers may go on tracking after a reset: what was on may be on.
  if (d.logging) d.loggingAt = -1;
  d.logging = false;
  d.reportFailedAt = -1;
  endSession(d, State.RUNNING, e.at);
  episode.broken(w, d);
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
      stream.dataRead(w, d, e);
      break;
    case 'data_write':
      stream.dataWrite(w, d, e);
      break;
    case 'data_release':
      stream.dataRelease(w, e);
      break;
    case 'precopy_info':
      stream.precopyInfo(w, e);
      break;
    case 'set_irqs':
      if (d) touch.setIrqs(d, e);
      break;
    case 'region_read':
    case 'region_write':
      if (d) touch.regionAccess(d, e);
      break;
    case 'config_write':
      if (d) touch.configWrite(d, e);
      break;
    case 'mmap':
      if (d) touch.mmap(d, e);
      break;
    case 'fault':
      if (d) touch.fault(d, e);
      break;
    case 'zap':
      if (d) touch.zap(d, e);
      break;
    case 'irq':
      if (d) touch.irq(d, e);
      break;
    case 'memory_enable':
      if (d) d.lastIrqSetupAt = e.at;
      break;
    case 'ioeventfd':
    case 'iommu_fault':
    case 'low_power':
      break; // judged, and kept in the context; nothing to remember
    case 'dma_map':
      dma.map(w, e);
      break;
    case 'dma_unmap':
      dma.unmap(w, e);
      break;
    case 'dma_remove':
      dma.remove(w, e);
      break;
    case 'p2p_map':
      dma.p2pMap(w, e);
      break;
    case 'container':
      dma.joined(w, e);
      break;
    case 'dirty_log':
      dma.dirtyLog(w, d, e);
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
