// SPDX-License-Identifier: Apache-2.0
/** The data_fd: bytes, end of stream, release. */
import type {
  DataReadEvent,
  DataReleaseEvent,
  DataWriteEvent,
  PrecopyInfoEvent,
} from '../wire/events.gen.js';
import type { Device } from './device.js';
import { State } from './fsm.js';
import type { World } from './world.js';

export function dataRead(w: World, d: Device | undefined, e: DataReadEvent): void {
  const s = w.sessions.get(e.session);
  if (!s || !d) {
    w.unattributed++;
    return;
  }
  if (e.ret > 0) {
    s.bytesRead += e.ret;
    s.lastDataAt = e.at;
    d.counts.bytesSaved += e.ret;
  }
  if (d.state !== State.STOP_COPY || d.transition || d.session !== s) return;
  if (s.drainBeganAt < 0) s.drainBeganAt = e.at;
  if (e.ret === 0 && e.count > 0 && !s.eos) {
    s.eos = true;
    s.eosAt = e.at;
  }
}

export function dataWrite(w: World, d: Device | undefined, e: DataWriteEvent): void {
  const s = w.sessions.get(e.session);
  if (!s || !d) {
    w.unattributed++;
    return;
  }
  s.lastWriteRet = e.ret;
  if (e.ret <= 0) return;
  s.bytesWritten += e.ret;
  s.lastDataAt = e.at;
  d.counts.bytesResumed += e.ret;
}

export function dataRelease(w: World, e: DataReleaseEvent): void {
  const s = w.sessions.get(e.session);
  if (s) {
    s.released = true;
    s.releasedAt = e.at;
  }
  w.sessions.delete(e.session);
}

/** The driver's two estimates, as last told. */
export function precopyInfo(w: World, e: PrecopyInfoEvent): void {
  const s = w.sessions.get(e.session);
  if (!s || e.ret < 0) return;
  if (e.miss) {
    s.initialBytes = -1; // asked, and the answer could not be read
    return;
  }
  s.initialBytes = e.initialBytes;
  s.bytesReadAtInfo = s.bytesRead;
}
