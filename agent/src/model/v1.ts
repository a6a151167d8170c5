// SPDX-License-Identifier: Apache-2.0
/**
 * The migration protocol before Linux 5.18, "v1": registers at the start of a region of the device
 * (struct vfio_device_migration_info of Linux 5.10's include/uapi/linux/vfio.h). Its states are read
 * as those of v2, so that rules need not know by which protocol a device migrates.
 */
import type { V1AccessEvent, V1RegionEvent } from '../wire/events.gen.js';
import type { Device } from './device.js';
import * as episode from './episode.js';
import { INIT, isIn, SAVE, State, UNKNOWN } from './fsm.js';
import { Session } from './session.js';
import { endSession, know } from './transition.js';
import type { World } from './world.js';

/** Where the registers are; the data is somewhere behind them. */
export const V1Register = {
  DEVICE_STATE: 0,
  PENDING_BYTES: 8,
  DATA_OFFSET: 16,
  DATA_SIZE: 24,
  END: 32,
} as const;

/** Width of device_state, bytes. */
export const DEVICE_STATE_SIZE = 4;

/** By the bits _RESUMING _SAVING _RUNNING; UNKNOWN where they name no state. */
const STATES = [
  /* 000 */ State.STOP,
  /* 001 */ State.RUNNING,
  /* 010 */ State.STOP_COPY,
  /* 011 */ State.PRE_COPY,
  /* 100 */ State.RESUMING,
  /* 101 */ UNKNOWN,
  /* 110 */ State.ERROR,
  /* 111 */ UNKNOWN,
] as const;
const STATE_BITS = STATES.length - 1;

export const v1State = (word: number): number => STATES[word & STATE_BITS] ?? UNKNOWN;

/** Bits 3 to 31 of device_state: to be written as they were read. */
export const reservedBits = (word: number): number => word >>> 3;

/** How far the user is in the iteration that moves one buffer. */
export type V1Step = 'none' | 'pending' | 'offset' | 'size';

/** What is known of a device that migrates by v1, besides its state. */
export class V1 {
  /** Reserved bits as they were last read; -1: never. */
  reserved = -1;
  /** In this state. */
  step: V1Step = 'none';
  /** As last read in this state; -1: not. */
  pendingBytes = -1;
  /** Of the iteration: the length of the buffer, and how much of it was seen to move. */
  dataSize = 0;
  moved = 0;
  /** The first interrupt since it halted that was not under way before, relative ns; -1: none. */
  haltedIrqAt = -1;
  /** The region was mapped: its data may move unseen. */
  mapped = false;

  constructor(
    readonly index: number,
    /** The device's regions are placed in its file as vfio-pci's are. */
    readonly pciLayout: boolean,
  ) {}
}

/** Latched before the device halted, and delivered late. */
const STRAGGLES_NS = 5e6;

/** An interrupt while it is halted. */
export function interrupted(d: Device, v1: V1, at: number): void {
  if (v1.haltedIrqAt < d.haltedAt + STRAGGLES_NS) v1.haltedIrqAt = at;
}

export function region(_w: World, d: Device, e: V1RegionEvent): void {
  d.v1 ??= new V1(e.index, e.pciLayout === 1);
}

/** Is this the record that counts as a state record (wire.h)? */
export const setsState = (e: V1AccessEvent): boolean => e.write === 1 && e.offset === V1Register.DEVICE_STATE;

/** A whole device_state was moved, and the record says which. */
export const movedState = (e: V1AccessEvent): boolean =>
  e.offset === V1Register.DEVICE_STATE && e.ret === DEVICE_STATE_SIZE && !e.miss;

export function access(w: World, d: Device, e: V1AccessEvent): void {
  d.v1 ??= new V1(-1, false); // the record of its region was lost
  if (setsState(e)) set(w, d, d.v1, e);
  else if (e.offset < DEVICE_STATE_SIZE) got(w, d, d.v1, e);
  else if (!e.miss) transfer(d, d.v1, e);
}

function set(w: World, d: Device, v1: V1, e: V1AccessEvent): void {
  v1.step = 'none';
  v1.pendingBytes = -1;
  if (e.ret < 0) failed(w, d, e);
  else if (movedState(e)) land(w, d, v1State(e.value), e);
  else know(w, d, UNKNOWN, 'unknown', e.at);
}

/** The driver should be in its previous state, and may be in ERROR: the user is to read it back. */
function failed(w: World, d: Device, e: V1AccessEvent): void {
  const { at, tgid, ret } = e;
  const requested = e.miss ? UNKNOWN : v1State(e.value);
  d.failure = { at, tgid, from: d.state, requested, stuckAt: d.state, stepTo: UNKNOWN, ret };
  if (d.episode) d.episode.failed = true;
  if (d.state === State.ERROR) return; // only a reset leads on
  know(w, d, UNKNOWN, 'unknown', at);
}

function land(w: World, d: Device, state: number, e: V1AccessEvent): void {
  const from = d.state;
  d.failure = undefined;
  if (state === from) return;
  if (from !== UNKNOWN) w.observer.visit(from, e.at - d.landedAt, d);
  if (isIn(from, INIT) && !isIn(state, INIT)) episode.leftService(w, d, e.at);
  const before = d.stateName;
  know(w, d, state, 'set', e.at);
  d.landedBy = e.tid;
  endSession(d, state, e.at);
  if (state === State.RUNNING) d.reportFailedAt = -1;
  if (from === State.STOP_COPY && state === State.STOP) episode.savingEnded(w, d, e.at);
  openSession(d, from, state, e.at);
  episode.landedIn(w, d, state, e.at);
  // When the write began is not recorded: as far as is known it took no time.
  const [landed, steps] = [d.stateName, []];
  d.remember({ enter: e.at, exit: e.at, from: before, requested: landed, steps, landed, ret: 0, tid: e.tid });
}

/** One for each time through the saving states, one for each RESUMING. */
function openSession(d: Device, from: number, state: number, at: number): void {
  const resume = state === State.RESUMING;
  if (!resume && (!isIn(state, SAVE) || isIn(from, SAVE))) return;
  // From an unknown state it may be one that goes on.
  d.session = from === UNKNOWN ? undefined : new Session(0, resume ? 'resume' : 'save', at, false);
}

/** device_state was read: the driver's own word. */
function got(w: World, d: Device, v1: V1, e: V1AccessEvent): void {
  if (!movedState(e) || e.write) return;
  v1.reserved = reservedBits(e.value);
  const state = v1State(e.value);
  if (state === d.state) return;
  if (state === State.ERROR) {
    know(w, d, state, 'get', e.at);
    d.errorAt = e.at;
  } else if (d.state === UNKNOWN) know(w, d, state, 'get', e.at);
  else know(w, d, UNKNOWN, 'unknown', e.at);
}

function transfer(d: Device, v1: V1, e: V1AccessEvent): void {
  const s = d.session;
  if (!s || s.endedAt >= 0) return;
  if (s.direction === 'save') {
    if (!e.write && e.ret > 0) saving(d, v1, s, e);
  } else if (e.ret < 0) {
    if (e.write) s.lastWriteError = s.lastWriteRet = e.ret;
  } else resuming(d, v1, s, e);
}

function saving(d: Device, v1: V1, s: Session, e: V1AccessEvent): void {
  switch (e.offset) {
    case V1Register.PENDING_BYTES:
      v1.step = 'pending';
      v1.pendingBytes = e.value;
      if (d.state !== State.STOP_COPY) return;
      if (s.drainBeganAt < 0) s.drainBeganAt = e.at;
      s.eos = e.value === 0;
      s.eosAt = s.eos ? e.at : -1;
      return;
    case V1Register.DATA_OFFSET:
      v1.step = 'offset';
      return;
    case V1Register.DATA_SIZE:
      if (v1.step !== 'offset') return; // asked again, or out of order: no other buffer
      v1.step = 'size';
      v1.dataSize = e.value;
      v1.moved = 0;
      s.bytesRead += e.value;
      s.lastDataAt = e.at;
      d.counts.bytesSaved += e.value;
      return;
    default:
      if (e.offset >= V1Register.END) v1.moved += e.ret;
  }
}

function resuming(d: Device, v1: V1, s: Session, e: V1AccessEvent): void {
  if (e.write && e.offset === V1Register.DATA_SIZE) {
    v1.step = 'none';
    s.lastWriteRet = e.ret;
    s.lastWriteAt = e.at;
    s.bytesWritten += e.value;
    s.lastDataAt = e.at;
    d.counts.bytesResumed += e.value;
  } else if (e.write && e.offset >= V1Register.END) v1.moved += e.ret;
  else if (!e.write && e.offset === V1Register.DATA_OFFSET) {
    v1.step = 'offset';
    v1.moved = 0;
  }
}
