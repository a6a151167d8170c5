// SPDX-License-Identifier: Apache-2.0
/** Dirty tracking: who tracks, what the reports covered, which memory escaped them. */
import {
  type DirtyBitsEvent,
  type DirtyLogEvent,
  DirtyOpValue,
  type DirtyRangeEvent,
  type DmaMapEvent,
  type DmaUnmapEvent,
  type P2pMapEvent,
} from '../wire/events.gen.js';
import type { Device } from './device.js';
import * as episode from './episode.js';
import { HALT, INIT, isIn, QUIET, State } from './fsm.js';
import { Ranges } from './ranges.js';
import type { Container, World } from './world.js';

/** A report that a signal interrupted is asked for again. */
const EINTR = -4;

/** VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP: the unmap is a report. */
export const GET_DIRTY_BITMAP = 1;

export function log(w: World, d: Device | undefined, e: DirtyLogEvent): void {
  const c = e.container ? w.containers.get(e.container) : undefined;
  if (e.ret < 0) {
    if (e.op === DirtyOpValue.REPORT && !e.miss && e.ret !== EINTR) reportFailed(w, d, c, e);
  } else if (c) ofContainer(w, c, e);
  else if (d && !e.container) ofDevice(w, d, e);
  if (d) {
    d.reportBits = undefined;
    if (e.op === DirtyOpValue.START) d.rangesToLog = undefined;
  }
}

function ofContainer(w: World, c: Container, e: DirtyLogEvent): void {
  if (e.op === DirtyOpValue.REPORT) {
    c.lastReportAt = e.at;
    c.reports.reported(e.iova, e.size, e.tid, haltedBy(w.devicesOf(c.id)));
  } else {
    c.tracking = e.op === DirtyOpValue.START;
    if (c.tracking) c.reports.start(e.at);
  }
  for (const member of w.devicesOf(c.id)) {
    if (e.op === DirtyOpValue.REPORT) member.counts.containerReports++;
    changed(w, member, e);
  }
}

function ofDevice(w: World, d: Device, e: DirtyLogEvent): void {
  if (e.op === DirtyOpValue.REPORT) {
    d.counts.dirtyReports++;
    d.reports.reported(e.iova, e.size, e.tid, isHalted(d) ? d.landedBy : undefined);
  } else {
    d.logging = e.op === DirtyOpValue.START;
    d.loggingAt = e.at;
    d.logged = d.rangesToLog;
    d.unlogged = undefined;
    if (d.logging) d.reports.start(e.at);
  }
  changed(w, d, e);
}

const isHalted = (d: Device): boolean => d.hasMigration && !d.transition && isIn(d.state, HALT);

/** The thread that halted the last of them; undefined while one is not halted. */
function haltedBy(devices: Iterable<Device>): number | undefined {
  let last: Device | undefined;
  for (const d of devices) {
    if (!d.hasMigration) continue;
    if (!isHalted(d)) return undefined;
    if (!last || d.landedAt > last.landedAt) last = d;
  }
  return last?.landedBy;
}

/** Tracking was on and one of its reports failed: the log is not to be trusted until it is started again. */
function reportFailed(w: World, d: Device | undefined, c: Container | undefined, e: DirtyLogEvent): void {
  if (!e.container) {
    if (!d?.logging) return;
    d.reportFailedAt = e.at;
    d.reports.failed = true;
  } else if (c?.tracking) {
    c.reports.failed = true;
    for (const member of w.devicesOf(c.id)) member.reportFailedAt = e.at;
  }
}

function changed(w: World, d: Device, e: DirtyLogEvent): void {
  if (e.op !== DirtyOpValue.REPORT) d.reportFailedAt = -1;
  if (e.op === DirtyOpValue.START) episode.loggingStarted(w, d, e.at);
  else if (e.op === DirtyOpValue.STOP && d.state === State.RUNNING) episode.end(w, d, e.at);
}

/** A device has come to HALT: reports from here on are another matter. */
export function halted(w: World, d: Device): void {
  d.reports.halted();
  w.containers.get(d.container)?.reports.halted();
}

/** A range of the DMA_LOGGING_START that is under way. */
export function range(_w: World, d: Device, e: DirtyRangeEvent): void {
  d.rangesToLog ??= new Ranges();
  if (e.miss) d.rangesToLog.incomplete = true;
  else d.rangesToLog.add(e.iova, e.size);
}

export function bits(_w: World, d: Device, e: DirtyBitsEvent): void {
  if (e.container || e.miss) return;
  d.reportBits = {
    tid: e.tid,
    bits: e.bits,
    first: e.first,
    last: e.last,
    partial: e.partial === 1,
  };
}

/** New memory: can the devices write to it without their own tracker logging it? If it is a BAR, isBar() follows. */
export function mapped(w: World, c: Container, e: DmaMapEvent): void {
  for (const d of w.devicesOf(c.id)) {
    if (!d.logging || !d.logged || d.logged.incomplete || d.transition) continue;
    if (isIn(d.state, INIT | QUIET) && !d.logged.covers(e.iova, e.size))
      d.unlogged = { iova: e.iova, size: e.size, at: e.at };
  }
}

/** What was mapped just now is a BAR: peer-to-peer is not logged, on purpose. */
export function isBar(w: World, c: Container, e: P2pMapEvent): void {
  for (const d of w.devicesOf(c.id)) if (d.unlogged?.iova === e.iova) d.unlogged = undefined;
}

export function unmapped(w: World, c: Container, e: DmaUnmapEvent): void {
  if (c.tracking) c.reports.unmapped(e.iova, e.size, (e.flags & GET_DIRTY_BITMAP) !== 0);
  for (const d of w.devicesOf(c.id)) if (d.logging) d.reports.unmapped(e.iova, e.size, false);
}
