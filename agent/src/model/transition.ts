// SPDX-License-Identifier: Apache-2.0
/** A SET_STATE from its entry over its arcs to its return. */
import type { MigArcEvent, MigSetEvent, MigSetRetEvent } from '../wire/events.gen.js';
import type { Device, HowStateKnown, Transition } from './device.js';
import * as episode from './episode.js';
import { sawError } from './error_state.js';
import { INIT, isIn, SAVE, State, stateName, UNKNOWN } from './fsm.js';
import { Session } from './session.js';
import type { World } from './world.js';

export function enter(w: World, d: Device, e: MigSetEvent): void {
  d.failure = undefined;
  if (d.transition) {
    // Two threads at once: the driver's mutex orders them, the records do not say how.
    d.transition.disturbed = true;
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
  };
  const changes = e.requested !== d.state;
  if (changes && isIn(d.state, INIT) && !isIn(e.requested, INIT)) episode.leftService(w, d, e.at);
}

export function step(w: World, d: Device, e: MigArcEvent): void {
  if (e.cur === State.ERROR) sawError(d, e.at);
  const t = d.transition;
  if (!t) {
    // A SET whose entry was not seen: the driver's own word for its state is evidence enough.
    if (e.cur !== State.ERROR) know(d, e.cur, 'arc', e.at);
    return;
  }
  if (t.from === UNKNOWN && t.arcs.length === 0) t.from = e.cur;
  finishLastArc(w, d, t, e.at, true);
  if (e.ret < 0) t.refused = true;
  else t.arcs.push({ at: e.at, from: e.cur, to: e.next });
}

function finishLastArc(w: World, d: Device, t: Transition, at: number, ok: boolean): void {
  const arc = t.arcs.at(-1);
  if (arc) w.observer.arc(d, arc.from, arc.to, ok, at - arc.at);
}

/** Sets what is known without claiming when the device got there. */
function know(d: Device, state: number, how: HowStateKnown, at: number): void {
  d.state = state;
  d.how = how;
  d.landedAt = at;
}

export function leave(w: World, d: Device, e: MigSetRetEvent): void {
  const t = d.transition;
  if (t && t.tid !== e.tid) return; // the other one of two at once; its own record will come
  d.transition = undefined;
  const from = t?.from ?? UNKNOWN;
  if (t) finishLastArc(w, d, t, e.at, e.ret === 0);
  if (t?.disturbed) know(d, UNKNOWN, 'unknown', e.at);
  else if (e.ret === 0) land(w, d, from, e);
  else fail(d, t, e);
  remember(d, t, from, e);
}

function land(w: World, d: Device, from: number, e: MigSetRetEvent): void {
  if (e.miss & 1) {
    know(d, UNKNOWN, 'unknown', e.at); // where to, the record could not say
    return;
  }
  if (from !== e.requested) {
    if (from !== UNKNOWN) w.observer.visit(from, e.at - d.landedAt);
    know(d, e.requested, 'set', e.at);
    d.landedBy = e.tid;
    d.errorSeen = 0;
  } else if (d.state === UNKNOWN) know(d, e.requested, 'set', e.at);
  leaveSession(w, d, from, e);
  if (e.session) {
    d.session = new Session(e.session, e.requested === State.RESUMING ? 'resume' : 'save', e.at);
    w.sessions.set(e.session, d.session);
  }
  episode.landedIn(w, d, e.requested, e.at);
}

function leaveSession(w: World, d: Device, from: number, e: MigSetRetEvent): void {
  const left = (set: number) => isIn(from, set) && !isIn(e.requested, set);
  if (left(SAVE)) d.leftSaveAt = e.at;
  if (from === State.RESUMING && e.requested !== State.RESUMING) d.leftResumingAt = e.at;
  else if (!left(SAVE)) return;
  if (d.session && d.session.endedAt < 0) d.session.endedAt = e.at;
  if (from === State.STOP_COPY && e.requested === State.STOP) episode.savingEnded(w, d, e.at);
}

/** No arc was begun: the device is where it was. One was: it may be anywhere on the way. */
function fail(d: Device, t: Transition | undefined, e: MigSetRetEvent): void {
  const last = t?.arcs.at(-1);
  if (!t || !last) return;
  if (d.episode) d.episode.failed = true;
  d.failure = {
    at: e.at,
    tgid: e.tgid,
    from: t.from,
    requested: t.requested,
    stuckAt: last.from,
  };
  know(d, UNKNOWN, 'unknown', e.at);
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
