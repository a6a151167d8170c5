// SPDX-License-Identifier: Apache-2.0
/** Folds one record into the world. Total: any sequence of records is accepted. */
import {
  type AerEvent,
  type CgroupEvent,
  type CloseEvent,
  type Decoder,
  type DeviceEvent,
  type EventKind,
  HowKnownValue,
  type IoasEvent,
  type KernelEvent,
  type MemoryEnableEvent,
  type MigGetEvent,
  type OpenEvent,
  type ProbeEvent,
  ProbeStatusValue,
  type ResetEvent,
  type SnapshotEvent,
  type SnapTextEvent,
  TAG,
  type TickEvent,
  type VmEvent,
} from '../wire/events.gen.js';
import { keepBounds } from './bounds.js';
import { POLICY } from './coverage.js';
import { Device } from './device.js';
import * as dirty from './dirty.js';
import * as dma from './dma.js';
import * as episode from './episode.js';
import { saw } from './error_state.js';
import { HALT, isIn, State, UNKNOWN } from './fsm.js';
import { knownState } from './inventory.js';
import { isStateRecord, lost, notice, settleLosses } from './loss.js';
import { repeats } from './repeats.js';
import * as snapshot from './snapshot.js';
import * as stream from './stream.js';
import * as touch from './touch.js';
import { endSession, enter, leave, step } from './transition.js';
import * as v1 from './v1.js';
import type { World } from './world.js';

function device(w: World, _d: Device | undefined, e: DeviceEvent): void {
  const d = new Device(
    e.dev,
    e.name,
    e.driver,
    e.bus,
    e.flags,
    e.hasMigOps === 1,
    e.group,
    e.tgid,
    e.comm,
    e.at,
    e.gen,
    e.how !== HowKnownValue.OPENED,
  );
  w.contexts.tell(w.devices); // what came before it is not about it
  const known = w.devices.get(d.id);
  if (known) w.place(known, undefined);
  w.devices.set(d.id, d);
  keepBounds(w);
  if (e.container) {
    const c = dma.container(w, e.container);
    c.groups.add(d.group);
    w.place(d, c);
  }
  w.observer.appeared(d);
}

function open(_w: World, d: Device, e: OpenEvent): void {
  if (e.openCount !== 1) return;
  d.openSeen = true;
  d.state = State.RUNNING;
  d.how = 'open';
  d.landedAt = e.at;
  d.landedBy = e.tid;
  d.loggingAt = e.at;
  d.armed = 0;
}

function close(w: World, d: Device, e: CloseEvent): void {
  if (e.last !== 1) return;
  if (d.state >= 0) w.observer.visit(d.state, e.at - d.landedAt, d);
  episode.broken(w, d);
  w.devices.delete(d.id);
  w.observer.gone(d);
  w.place(d, undefined);
}

/** GET tells the truth, unless a SET is in flight around it. If it contradicts what is known, neither holds. */
function get(w: World, d: Device, e: MigGetEvent): void {
  if (e.ret !== 0 || e.miss || d.transition) return;
  saw(d, e.state, e.at);
  if (d.state === e.state) return;
  const tells = d.state === UNKNOWN && e.state !== State.ERROR;
  if (tells && isIn(e.state, HALT)) {
    d.haltedAt = e.at; // since then at the latest
    dirty.halted(w, d);
  }
  d.state = tells ? e.state : UNKNOWN;
  d.how = tells ? 'get' : 'unknown';
  d.landedAt = e.at;
}

function reset(w: World, d: Device, e: ResetEvent): void {
  d.counts.resets.set(e.resetKind, (d.counts.resets.get(e.resetKind) ?? 0) + 1);
  if (d.transition) d.transition.disturbed = true;
  d.failure = undefined;
  if (e.ret < 0) return;
  if (d.state >= 0) w.observer.visit(d.state, e.at - d.landedAt, d);
  d.pastUnknown = false;
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
  d.unarmedSince = -1;
  endSession(d, State.RUNNING, e.at);
  episode.broken(w, d);
}

function tick(w: World, _d: Device | undefined, e: TickEvent): void {
  w.wallOffset = e.wallNs - e.atNs;
  settleLosses(w, e.at);
}

function probe(w: World, _d: Device | undefined, e: ProbeEvent): void {
  if (e.probeKind === POLICY) w.policy = e.name;
  else w.probes.set(`${e.probeKind} ${e.name}`, { name: e.name, kind: e.probeKind, status: e.status });
  if (e.status === ProbeStatusValue.DETACHED) forget(w);
}

/** Letting go of the probes ends all knowledge; what is open still is found again, under new ids. */
function forget(w: World): void {
  for (const d of w.devices.values()) w.observer.gone(d);
  w.devices.clear();
  w.containers.clear();
  w.sessions.clear();
}

function cgroup(w: World, _d: Device | undefined, e: CgroupEvent): void {
  w.cgroups.set(e.tgid, e.path);
  keepBounds(w);
}

function vm(w: World, _d: Device | undefined, e: VmEvent): void {
  // A process id may have been another VM's: nothing of that one holds, nor its age.
  w.vms.delete(e.tgid);
  w.cgroups.delete(e.tgid);
  w.vms.set(e.tgid, { name: e.name, uuid: e.uuid });
  keepBounds(w);
}

function memoryEnable(_w: World, d: Device, e: MemoryEnableEvent): void {
  d.lastIrqSetupAt = e.at;
}

function snapshotBegins(w: World, _d: Device | undefined, e: SnapshotEvent): void {
  snapshot.begin(w, e);
}

function snapshotGoesOn(w: World, _d: Device | undefined, e: SnapTextEvent): void {
  snapshot.goOn(w, e);
}

function aer(_w: World, d: Device, e: AerEvent): void {
  d.errorReportedAt = e.at;
}

function ioas(w: World, d: Device, e: IoasEvent): void {
  if (e.ret >= 0) w.place(d, e.container ? dma.container(w, e.container) : undefined);
}

type OfKind<K extends EventKind> = Extract<KernelEvent, { kind: K }>;
type Fold<E> = (w: World, d: Device | undefined, e: E) => void;
type DeviceFold<E> = (w: World, d: Device, e: E) => void;

/** Judged, and kept in the context of its device; nothing to remember. */
const nothing = (): void => {};

/** What each kind of record does to the device that it names; if that is not known, nothing. */
const OF_DEVICE = {
  open,
  close,
  mig_set: enter,
  mig_set_ret: leave,
  mig_get: get,
  mig_arc: step,
  set_irqs: touch.setIrqs,
  region_read: touch.regionRead,
  region_write: touch.regionWrite,
  config_write: touch.configWrite,
  reset,
  mmap: touch.mmap,
  fault: touch.fault,
  zap: touch.zap,
  memory_enable: memoryEnable,
  irq: touch.irq,
  ioeventfd: touch.touched,
  v1_region: v1.region,
  v1_access: v1.access,
  vcpu_entry: touch.vcpuEntry,
  aer,
  dirty_range: dirty.range,
  dirty_bits: dirty.bits,
  ioas,
  known_state: knownState,
  msi_enable: touch.msiEnabled,
} satisfies { readonly [K in EventKind]?: DeviceFold<OfKind<K>> };

type Others = Exclude<EventKind, keyof typeof OF_DEVICE>;

/** ... and what the others do to the world. */
const OF_WORLD: { readonly [K in Others]: Fold<OfKind<K>> } = {
  device,
  data_read: stream.dataRead,
  data_write: stream.dataWrite,
  data_release: stream.dataRelease,
  precopy_info: stream.precopyInfo,
  dma_map: dma.map,
  dma_unmap: dma.unmap,
  dma_remove: dma.remove,
  p2p_map: dma.p2pMap,
  container: dma.joined,
  dirty_log: dirty.log,
  lost,
  tick,
  probe,
  vm,
  low_power: nothing,
  iommu_fault: nothing,
  pin: nothing,
  dma_rw: nothing,
  irq_bypass: nothing,
  repeats,
  known_mapping: dma.knownMapping,
  known_container: dma.knownContainer,
  data_fd: stream.dataFd,
  cgroup,
  known_irqs: nothing,
  snapshot: snapshotBegins,
  snap_text: snapshotGoesOn,
};

const BY_TAG: Fold<never>[] = [];
const NAMES_DEVICE: boolean[] = [];
for (const [kind, fold] of [...Object.entries(OF_DEVICE), ...Object.entries(OF_WORLD)]) {
  const tag = TAG[kind as EventKind];
  BY_TAG[tag] = fold as Fold<never>;
  NAMES_DEVICE[tag] = kind in OF_DEVICE;
}

/**
 * Folds the record `e` that the decoder stands at; `d` is the device that it names, if
 * that is known. Its bytes must stay until batchEnds().
 */
export function fold(w: World, at: Decoder, e: KernelEvent, d: Device | undefined): void {
  const { tag } = at;
  if (e.at > w.now) w.now = e.at;
  if (isStateRecord(tag, e)) {
    if (!d) {
      w.unattributed++;
      return;
    }
    notice(d, e.gen);
    d.gen = e.gen;
  }
  if (d || !NAMES_DEVICE[tag]) BY_TAG[tag]?.(w, d, e as never);
}
