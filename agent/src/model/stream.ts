// SPDX-License-Identifier: Apache-2.0
/** The data_fd: bytes, end of stream, release. */
import {
  type DataFdEvent,
  type DataReadEvent,
  type DataRecord,
  type DataReleaseEvent,
  type DataWriteEvent,
  EvType,
  type PrecopyInfoEvent,
  type RepeatsEvent,
} from '../wire/events.gen.js';
import type { Device } from './device.js';
import { State } from './fsm.js';
import type { Session } from './session.js';
import type { World } from './world.js';

export function dataRead(w: World, d: Device | undefined, e: DataReadEvent): void {
  const s = w.sessions.find(e.session);
  if (s && d) read(s, d, e);
  else w.unattributed++;
}

/** The session that the record names, and the device, are known. */
export function read(s: Session, d: Device, e: DataReadEvent | DataRecord): void {
  const { ret } = e;
  if (ret > 0) {
    s.bytesRead += ret;
    s.lastDataAt = e.at;
    d.counts.bytesSaved += ret;
  }
  if (d.state !== State.STOP_COPY || d.transition || d.session !== s) return;
  if (s.drainBeganAt < 0) s.drainBeganAt = e.at;
  if (ret === 0 && e.count > 0 && !s.eos) {
    s.eos = true;
    s.eosAt = e.at;
  }
}

export function dataWrite(w: World, d: Device | undefined, e: DataWriteEvent): void {
  const s = w.sessions.find(e.session);
  if (s && d) written(s, d, e);
  else w.unattributed++;
}

/** As read(). */
export function written(s: Session, d: Device, e: DataWriteEvent | DataRecord): void {
  const { at, ret } = e;
  s.lastWriteRet = ret;
  s.lastWriteAt = at;
  if (ret < 0) s.lastWriteError = ret;
  if (ret <= 0) return;
  s.bytesWritten += ret;
  s.lastDataAt = at;
  d.counts.bytesResumed += ret;
}

export function dataRelease(w: World, _d: Device | undefined, e: DataReleaseEvent): void {
  const s = w.sessions.get(e.session);
  if (s) {
    s.released = true;
    s.releasedAt = e.at;
  }
  w.sessions.delete(e.session);
}

/** Reads or writes that were only counted. Without a byte: all were answered as the last such one in full. */
export function repeated(w: World, d: Device | undefined, e: RepeatsEvent): void {
  const s = w.sessions.get(e.part);
  if (!s || !d) {
    w.unattributed++;
    return;
  }
  const wrote = e.of === EvType.DATA_WRITE;
  if (wrote && e.last > s.lastWriteAt) {
    s.lastWriteRet = e.sum > 0 ? 1 : s.lastWriteError;
    s.lastWriteAt = e.last;
  }
  if (e.sum === 0) return;
  if (e.last > s.lastDataAt) s.lastDataAt = e.last;
  if (wrote) {
    s.bytesWritten += e.sum;
    d.counts.bytesResumed += e.sum;
  } else {
    s.bytesRead += e.sum;
    d.counts.bytesSaved += e.sum;
  }
}

/** Follows the return that opened the session. What is watched later is not the whole of it. */
export function dataFd(w: World, _d: Device | undefined, e: DataFdEvent): void {
  const s = w.sessions.get(e.session);
  if (!s || e.observed === 1) return;
  s.observed = false;
  s.lossy = true;
}

/** The driver's two estimates, as last told. */
export function precopyInfo(w: World, _d: Device | undefined, e: PrecopyInfoEvent): void {
  const s = w.sessions.get(e.session);
  if (!s || e.ret < 0) return;
  if (e.miss) {
    s.initialBytes = -1; // asked, and the answer could not be read
    return;
  }
  s.initialBytes = e.initialBytes;
  s.bytesReadAtInfo = s.bytesRead;
}
