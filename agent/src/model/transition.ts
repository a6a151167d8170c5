// SPDX-License-Identifier: Apache-2.0
/** A SET_STATE from its entry over its arcs to its return. */
import { type MigArcEvent, type MigSetEvent, type MigSetRetEvent, RingValue } from '../wire/events.gen.js';
import { keepBounds } from './bounds.js';
import type { Device, HowStateKnown, Transition } from './device.js';
import * as dirty from './dirty.js';
import * as episode from './episode.js';
import { saw } from './error_state.js';
import { HALT, INIT, isIn, refusal, SAVE, State, stateName, UNKNOWN } from './fsm.js';
import { Session } from './session.js';
import * as touch from './touch.js';
import type { World } from './world.js';

export function enter(w: World, d: Device, e: MigSetEvent): void {
  const after = d.failure;
  d.failure = undefined;
  if (d.transition) {
    // Two threads at once: the driver's mutex orders them, the records do not say how.
    d.transition.disturbed = true;
    d.transition.inside++;
    return;
  }
  d.transition = {
    at: e.at,
    tgid: e.tgid,
    tid: e.tid,
    from: d.state,
    requested: e.requested,
    arcs: [],
    refused: false,
    disturbed: false,
    inside: 1,
    after,
  };
  leftService(w, d, d.transition);
}

/** Out of RUNNING or PRE_COPY: from the entry on the guest does without the device. */
function leftService(w: World, d: Device, t: Transition): void {
  if (isIn(t.from, INIT) && !isIn(t.requested, INIT)) episode.leftService(w, d, t.at);
}

export function step(w: World, d: Device, e: MigArcEvent): void {
  saw(d, e.cur, e.at);
  if (e.ret < 0 && refusal(e.cur, e.requested, d.flags) === 'blocked') w.refusesBlockedArc = true;
  const t = d.transition;
  if (!t) return; // a SET whose entry was not seen: it is under way, and its return will tell
  if (t.from !== e.cur && t.arcs.length === 0 && !t.disturbed) {
    t.from = e.cur;
    leftService(w, d, t);
  }
  finishLastArc(w, d, t, e.at, true);
  if (e.ret < 0) t.refused = true;
  else t.arcs.push({ at: e.at, from: e.cur, to: e.miss ? UNKNOWN : e.next });
}

/** Arcs of two threads at once are told to nobody: whose they are is not known. */
function finishLastArc(w: World, d: Device, t: Transition, at: number, ok: boolean): void {
  const arc = t.arcs.at(-1);
  if (arc && arc.to !== UNKNOWN && !t.disturbed) w.observer.arc(d, arc.from, arc.to, ok, at - arc.at);
}

/** Sets what is known without claiming when the device got there. */
export function know(w: World, d: Device, state: number, how: HowStateKnown, at: number): void {
  if (isIn(state, HALT) && !isIn(d.state, HALT)) {
    d.haltedAt = at;
    dirty.halted(w, d);
  }
  d.state = state;
  d.how = how;
  d.landedAt = at;
}

export function leave(w: World, d: Device, e: MigSetRetEvent): void {
  const t = d.transition;
  if (t && --t.inside > 0) return; // another thread is still inside
  d.transition = undefined;
  const from = t?.from ?? UNKNOWN;
  if (t) finishLastArc(w, d, t, e.at, e.ret === 0);
  if (t?.disturbed) know(w, d, UNKNOWN, 'unknown', e.at);
  else if (e.ret === 0) land(w, d, from, e);
  else fail(w, d, t, e);
  remember(d, t, from, e);
}

function land(w: World, d: Device, from: number, e: MigSetRetEvent): void {
  if (e.miss & 1) {
    know(w, d, UNKNOWN, 'unknown', e.at); // where to, the record could not say
    return;
  }
  if (from !== e.requested) {
    if (from !== UNKNOWN && from === d.state) w.observer.visit(from, e.at - d.landedAt, d);
    know(w, d, e.requested, 'set', e.at);
    d.landedBy = e.tid;
    d.errorSeen = 0;
  } else if (d.state === UNKNOWN) know(w, d, e.requested, 'set', e.at);
  endSession(d, e.requested, e.at);
  if (e.requested === State.RUNNING) {
    d.pastUnknown = false;
    d.reportFailedAt = -1; // rolled back: the log is not used
    touch.began(d, from, e);
  } else d.unarmedSince = -1;
  if (from === State.STOP_COPY && e.requested === State.STOP) {
    if (d.session) d.session.undrained = !d.session.eos;
    stopTracking(d, e.at);
    episode.savingEnded(w, d, e.at);
  }
  openSession(w, d, from, e);
  episode.landedIn(w, d, e.requested, e.at);
}

/** pds stops its tracker by itself when it leaves STOP_COPY (drivers/vfio/pci/pds/lm.c). */
function stopTracking(d: Device, at: number): void {
  if (!d.logging || d.driver.replaceAll('-', '_') !== 'pds_vfio_pci') return;
  d.logging = false;
  d.loggingAt = at;
}

/** Leaving the states of a data session ends it, whatever becomes of the fd. */
export function endSession(d: Device, state: number, at: number): void {
  const s = d.session;
  if (!s || s.endedAt >= 0) return;
  if (s.direction === 'save' ? !isIn(state, SAVE) : state !== State.RESUMING) s.endedAt = at;
}

function openSession(w: World, d: Device, from: number, e: MigSetRetEvent): void {
  const resume = e.requested === State.RESUMING;
  if (e.session) {
    if (d.session && d.session.endedAt < 0) d.session.endedAt = e.at;
    const lossy = w.mayHaveLost(RingValue.BULK, e.at);
    const before = d.session;
    if (before) before.supersedes = undefined; // or all sessions of a long life would hang together
    d.session = new Session(e.session, resume ? 'resume' : 'save', e.at, lossy);
    d.session.supersedes = before?.released === false ? before : undefined;
    w.sessions.set(e.session, d.session);
    keepBounds(w);
  } else if (
    from !== UNKNOWN &&
    from !== e.requested &&
    (resume || (isIn(e.requested, SAVE) && !isIn(from, SAVE)))
  ) {
    d.session = undefined; // one began that cannot be told from others: better none than the last one
  }
}

/** No arc was begun: the device is where it was. One was: it may be anywhere on the way. */
function fail(w: World, d: Device, t: Transition | undefined, e: MigSetRetEvent): void {
  if (!t) return;
  const last = t.arcs.at(-1);
  const stuckAt = last ? last.from : t.from;
  const { from, requested } = t;
  const stepTo = last?.to ?? UNKNOWN;
  d.failure = { at: e.at, tgid: e.tgid, from, requested, stuckAt, stepTo, ret: e.ret };
  if (!last) {
    if (isIn(d.state, INIT)) episode.stayedInService(d);
    return;
  }
  if (d.episode) d.episode.failed = true;
  know(w, d, UNKNOWN, 'unknown', e.at);
}

function remember(d: Device, t: Transition | undefined, from: number, e: MigSetRetEvent): void {
  d.remember({
    enter: t?.at ?? e.at,
    exit: e.at,
    from: stateName(from),
    requested: stateName(e.requested),
    steps: t?.arcs.map((a) => `${stateName(a.from)}→${stateName(a.to)}`) ?? [],
    landed: stateName(d.state),
    ret: e.ret,
    tid: e.tid,
  });
}
