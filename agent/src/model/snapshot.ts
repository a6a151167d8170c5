// SPDX-License-Identifier: Apache-2.0
/**
 * The world as records, and back: what a part of a trace begins with, so that it
 * can be judged alone. The text is the model's fields by their own names; what is
 * read back is forced into the shape that the model has now, whatever it says.
 */

import { Cursor } from '../wire/cursor.js';
import { Decoder, encode, type SnapshotEvent, type SnapTextEvent } from '../wire/events.gen.js';
import { Context } from './context.js';
import { Device } from './device.js';
import type { P2pMapping } from './p2p_mappings.js';
import { P2pMappings } from './p2p_mappings.js';
import { Ranges } from './ranges.js';
import { Session } from './session.js';
import { V1 } from './v1.js';
import { Container, NO_OBSERVER, World } from './world.js';

/** Bytes of text in one record; its last byte is NUL. */
const PIECE = 119;
/** No host has so much to tell. */
const MAX_TEXT = 64 << 20;

const arc = { at: 0, from: 0, to: 0 };
const failure = { at: 0, tgid: 0, from: 0, requested: 0, stuckAt: 0, stepTo: 0, ret: 0 };

/** What can be in fields that are empty in a new world, by their names; other collections hold numbers. */
const SAMPLES: Readonly<Record<string, () => unknown>> = {
  wallOffset: () => 0n,
  devices: () => new Device(0, '', '', '', 0, false, -1, 0, '', 0, 0, false),
  containers: () => new Container(0),
  sessions: () => new Session(0, 'save', 0, false),
  session: () => new Session(0, 'save', 0, false),
  v1: () => new V1(-1, false),
  vms: () => ({ name: '', uuid: '' }),
  probes: () => ({ name: '', kind: '', status: 0 }),
  p2p: () => ({ iova: 0, size: 0, target: 0, pos: 0, at: 0 }),
  formerBars: () => ({ iova: 0, size: 0, target: 0, removedAt: 0 }),
  lastRemoved: () => ({ tid: 0, iova: 0, size: 0, counted: 0 }),
  transition: () => ({
    at: 0,
    tgid: 0,
    tid: 0,
    from: 0,
    requested: 0,
    arcs: [],
    refused: false,
    disturbed: false,
    inside: 0,
    after: undefined,
  }),
  arcs: () => ({ ...arc }),
  failure: () => ({ ...failure }),
  after: () => ({ ...failure }),
  episode: () => ({
    id: 0,
    side: '',
    startedAt: 0,
    lost: 0,
    failed: false,
    settled: false,
    stoppedAt: 0,
  }),
  history: () => ({ enter: 0, exit: 0, from: '', requested: '', steps: [], landed: '', ret: 0, tid: 0 }),
  steps: () => '',
  cgroups: () => '',
  parts: () => ({ from: 0, to: 0 }),
  dropped: () => ({ from: 0, to: 0 }),
  logged: () => new Ranges(),
  rangesToLog: () => new Ranges(),
  unlogged: () => ({ iova: 0, size: 0, at: 0 }),
  reportBits: () => ({ tid: 0, bits: 0, first: 0, last: 0, partial: false }),
};

/** Not part of what is known. */
const SKIPPED = new Set(['observer', 'base', 'snapshot', 'contexts']);
/** A device says what container it is in; the other way round is made of that. */
const skipped = (of: object, key: string) =>
  SKIPPED.has(key) || (of instanceof Container && key === 'devices');
/** What was lost stays lost, whatever a snapshot of those who lost nothing says. */
const LOSSES = ['lost', 'openLoss', 'openLossTicks', 'lostUntil'] as const;

type Json = null | number | string | boolean | readonly Json[] | { readonly [key: string]: Json };

function toJson(value: unknown): Json {
  if (value instanceof Context) return contextText(value);
  // In the order in which they were made: that of those of one target.
  if (value instanceof P2pMappings) return [...value].sort((a, b) => a.at - b.at).map(toJson);
  if (value instanceof Map) return [...value].map(([k, v]) => [k as number | string, toJson(v)]);
  if (value instanceof Set || Array.isArray(value)) return [...value].map(toJson);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value === undefined ? null : (value as Json);
  const pairs = Object.entries(value).filter(([key, v]) => !skipped(value, key) && v !== undefined);
  return Object.fromEntries(pairs.map(([key, v]) => [key, toJson(v)]));
}

const sample = (name: string) => SAMPLES[name]?.() ?? 0;

/** `raw` in the shape of `like`, which may be filled; undefined if it cannot be. */
function fromJson(raw: unknown, like: unknown, name: string): unknown {
  if (typeof like === 'bigint')
    return typeof raw === 'string' && /^-?\d{1,20}$/.test(raw) ? BigInt(raw) : undefined;
  if (like instanceof Context) return typeof raw === 'string' ? fillContext(like, raw) : undefined;
  if (like instanceof P2pMappings) {
    for (const m of (collection(raw, [], name) as P2pMapping[] | undefined) ?? []) like.add(m);
    return like;
  }
  if (like instanceof Map || like instanceof Set || Array.isArray(like)) return collection(raw, like, name);
  if (typeof like === 'object' && like !== null)
    return typeof raw === 'object' && raw ? fill(like, raw) : undefined;
  return typeof raw === typeof like ? raw : undefined;
}

function collection(
  raw: unknown,
  like: Map<unknown, unknown> | Set<unknown> | unknown[],
  name: string,
): unknown {
  if (!Array.isArray(raw)) return undefined;
  const item = (value: unknown) => fromJson(value, sample(name), name);
  if (like instanceof Map) {
    for (const entry of raw) {
      const [key, value] = Array.isArray(entry) ? entry : [];
      const read = item(value);
      if ((typeof key === 'number' || typeof key === 'string') && read !== undefined) like.set(key, read);
    }
    return like;
  }
  const items = raw.map(item).filter((value) => value !== undefined);
  return like instanceof Set ? new Set(items) : items;
}

function fill(like: object, raw: object): object {
  const fields = like as Record<string, unknown>;
  const given = raw as Record<string, unknown>;
  for (const key of Object.keys(like)) {
    if (skipped(like, key) || !Object.hasOwn(raw, key)) continue;
    const value = fromJson(given[key], fields[key] ?? SAMPLES[key]?.(), key);
    if (value !== undefined) fields[key] = value;
  }
  return like;
}

function contextText(context: Context): string {
  return Buffer.concat(context.records()).toString('base64');
}

function fillContext(context: Context, text: string): Context {
  const decoder = new Decoder(new Cursor());
  decoder.cursor.reset(Buffer.from(text, 'base64'));
  for (; decoder.current(); decoder.advance()) context.add(decoder);
  return context;
}

/** The records that tell a new world all that this one knows; none if it knows nothing. */
export function snapshot(w: World): Uint8Array {
  if (w.base === 0n) return new Uint8Array(0);
  w.contexts.tell(w.devices);
  const text = JSON.stringify(toJson(w)).replace(
    /[\u007f-\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  const now = w.base + BigInt(w.now);
  const records = [encode('snapshot', { at: w.base, now, length: text.length })];
  for (let at = 0; at < text.length; at += PIECE)
    records.push(encode('snap_text', { at: now, offset: at, text: text.slice(at, at + PIECE) }));
  return Buffer.concat(records);
}

/** A snapshot that is being read. */
export interface Reading {
  readonly length: number;
  readonly pieces: string[];
  read: number;
}

export function begin(w: World, e: SnapshotEvent): void {
  // Its times count from another place than ours: nothing in it could be used.
  const usable = e.atNs === w.base && e.length <= MAX_TEXT;
  w.snapshot = usable ? { length: e.length, pieces: [], read: 0 } : undefined;
}

export function goOn(w: World, e: SnapTextEvent): void {
  const s = w.snapshot;
  if (!s) return;
  if (e.offset !== s.read) {
    w.snapshot = undefined; // a piece is missing
    return;
  }
  s.pieces.push(e.text);
  s.read += e.text.length;
  if (s.read < s.length) return;
  w.snapshot = undefined;
  restore(w, s.pieces.join(''));
}

function restore(w: World, text: string): void {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return; // not what snapshot() writes; what was known before stays
  }
  const told = new World(NO_OBSERVER);
  if (typeof raw === 'object' && raw) fill(told, raw);
  for (const key of LOSSES)
    w[key].forEach((n, i) => {
      told[key][i] = Math.max(n, told[key][i] ?? n);
    });
  const { observer, base, contexts } = w;
  contexts.tell(w.devices); // what follows is about those that the snapshot knows
  Object.assign(w, told, { observer, base, contexts });
  for (const d of w.devices.values()) {
    w.place(d, w.containers.get(d.container));
    if (d.session && w.sessions.has(d.session.id)) w.sessions.set(d.session.id, d.session);
    w.observer.appeared(d);
  }
}
