// SPDX-License-Identifier: Apache-2.0

import { coverage } from '../model/coverage.js';
import type { Device } from '../model/device.js';
import { stateName } from '../model/fsm.js';
import type { World } from '../model/world.js';
import type { KernelEvent } from '../wire/events.gen.js';
import type { Broken, Confidence, Profile, Rule, Severity } from './rule.js';

/**
 * A violation with its evidence: the JSON line of the violations file,
 * /api/violations and `replay --format=jsonl`. Integers over 2^53 and addresses
 * are hex strings; at_ns is CLOCK_MONOTONIC, wall CLOCK_REALTIME as ISO 8601.
 */
export interface Violation {
  readonly rule: string;
  readonly rule_version: number;
  readonly profile: Profile;
  readonly norm: string;
  readonly severity: Severity;
  readonly party: string;
  readonly advisory: boolean;
  readonly confidence: Confidence;
  readonly reason: string;
  readonly statement: string;
  /** The sentence that was broken, word for word; null where there is none: see `basis`. */
  readonly says: string | null;
  /** In our words what the rule follows from; null where it is a sentence. */
  readonly basis: string | null;
  readonly device: string;
  readonly driver: string;
  readonly vm: string;
  readonly state: string;
  readonly state_known_by: string;
  readonly at_ns: number | string;
  readonly wall: string;
  readonly episode: {
    readonly id: number;
    readonly side: string;
    readonly started_ns: number | string;
  } | null;
  readonly event: Readonly<Record<string, unknown>>;
  readonly evidence: Readonly<Record<string, unknown>>;
  readonly history: readonly unknown[];
  readonly context: readonly unknown[];
  readonly peers: readonly { readonly device: string; readonly state: string }[];
  readonly coverage: Readonly<Record<string, string>>;
  readonly lost: number;
}

const exact = (ns: bigint): number | string =>
  ns <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(ns) : `0x${ns.toString(16)}`;

function wallOf(w: World, at: bigint): string {
  if (w.wallOffset === undefined) return '';
  const ns = at + w.wallOffset;
  const ms = new Date(Number(ns / 1_000_000n)).toISOString();
  return ms.replace(/\.\d+Z$/, `.${String(ns % 1_000_000_000n).padStart(9, '0')}Z`);
}

function peers(w: World, d: Device) {
  return [...w.devices.values()]
    .filter((p) => p !== d && p.tgid === d.tgid)
    .map((p) => ({ device: p.name, state: p.stateName }));
}

/** Names for numbers that people read: states, beside the raw record. */
function named(event: Record<string, unknown>): Record<string, unknown> {
  const out = { ...event };
  for (const key of ['requested', 'cur', 'next', 'state'])
    if (typeof event[key] === 'number') out[key] = stateName(event[key]);
  return out;
}

/** Builds the record from the world as it was before the event. */
export function violation(
  rule: Rule,
  verdict: Broken,
  severity: Severity,
  advisory: boolean,
  profile: Profile,
  before: World,
  e: KernelEvent,
  d: Device | undefined,
): Violation {
  const lost = d?.episode ? d.episode.lost : (before.lost[0] ?? 0) + (before.lost[1] ?? 0);
  const levels = coverage(before.probes, before.devices.values());
  return {
    rule: rule.id,
    rule_version: rule.version,
    profile,
    norm: verdict.norm ?? rule.norm,
    severity,
    party: verdict.party ?? rule.party,
    advisory,
    confidence: lost > 0 || d?.pastUnknown ? 'low' : (verdict.confidence ?? 'high'),
    reason: verdict.reason,
    statement: rule.statement,
    says: rule.says ?? null,
    basis: rule.basis ?? null,
    device: d?.name ?? (e.kind === 'device' ? e.name : ''),
    driver: d?.driver ?? (e.kind === 'device' ? e.driver : ''),
    vm: d ? before.vmOf(d) : '',
    state: d?.stateName ?? 'unknown',
    state_known_by: d?.how ?? 'unknown',
    at_ns: exact(e.atNs),
    wall: wallOf(before, e.atNs),
    episode: d?.episode
      ? {
          id: d.episode.id,
          side: d.episode.side,
          started_ns: exact(before.base + BigInt(d.episode.startedAt)),
        }
      : null,
    event: named(e.toJSON()),
    evidence: verdict.evidence ?? {},
    history: d ? [...d.history] : [],
    context: d ? d.context.toJSON() : [],
    peers: d ? peers(before, d) : [],
    coverage: Object.fromEntries(levels.map((c) => [c.fact, c.level])),
    lost,
  };
}
