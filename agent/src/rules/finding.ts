// SPDX-License-Identifier: Apache-2.0

import { coverage } from '../model/coverage.js';
import type { Device } from '../model/device.js';
import { flagNames, stateName, UNKNOWN } from '../model/fsm.js';
import type { World } from '../model/world.js';
import type { KernelEvent } from '../wire/events.gen.js';
import { figuresOf, type Limits } from './limits.js';
import type { Broken, Confidence, Profile, Rule, Severity } from './rule.js';

/** Where and by what the records were made; of a trace: what its environment says. Empty where that is not known. */
export interface Origin {
  readonly host: string;
  readonly kernel_release: string;
  readonly boot_id: string;
  readonly agent_version: string;
}

export const NOWHERE: Origin = { host: '', kernel_release: '', boot_id: '', agent_version: '' };

/** How a verdict is reported under the policy in force. */
export interface Standing {
  readonly severity: Severity;
  readonly advisory: boolean;
  readonly profile: Profile;
  readonly origin: Origin;
  readonly limits: Limits;
}

/**
 * A violation with its evidence (docs/violations.md): the JSON line of the violations file,
 * /api/violations and `replay --format=jsonl`. Integers over 2^53 and addresses
 * are hex strings; at_ns is CLOCK_MONOTONIC, wall CLOCK_REALTIME as ISO 8601.
 */
export interface Violation extends Origin {
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
  /** The limits that it was judged with, ns, by the names that the configuration has for them. */
  readonly limits: Readonly<Record<string, number>>;
  /** The sentence that was broken, word for word; null where there is none: see `basis`. */
  readonly says: string | null;
  /** In our words what the rule follows from; null where it is a sentence. */
  readonly basis: string | null;
  readonly device: string;
  readonly driver: string;
  /** -1 where no device is known. */
  readonly iommu_group: number;
  /** VFIO_MIGRATION_*, hex, and their names. */
  readonly migration_flags: string;
  readonly migration: string;
  readonly vm: string;
  /** Who has the device open. */
  readonly process: { readonly tgid: number; readonly comm: string; readonly cgroup: string } | null;
  readonly state: string;
  readonly state_known_by: string;
  /** When the state was reached, or first known; null where it is not known. */
  readonly landed_ns: number | string | null;
  /** A SET_STATE was under way. */
  readonly in_transition: boolean;
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
  readonly peers: readonly {
    readonly device: string;
    readonly state: string;
    readonly landed_ns: number | string | null;
  }[];
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

const landed = (w: World, d: Device) =>
  d.state === UNKNOWN ? null : exact(w.base + BigInt(Math.trunc(d.landedAt)));

/** What is known of the device itself; of one that is just appearing its record says it. */
function subject(w: World, e: KernelEvent, d: Device | undefined) {
  if (!d) {
    const [device, driver] = e.kind === 'device' ? [e.name, e.driver] : ['', ''];
    const [iommu_group, flags] = e.kind === 'device' ? [e.group, e.flags] : [-1, 0];
    return { device, driver, iommu_group, ...flagWords(flags), vm: '', process: null };
  }
  return {
    device: d.name,
    driver: d.driver,
    iommu_group: d.group,
    ...flagWords(d.flags),
    vm: w.vmOf(d),
    process: { tgid: d.tgid, comm: d.comm, cgroup: w.cgroups.get(d.tgid) ?? '' },
  };
}

const flagWords = (flags: number) => ({
  migration_flags: `0x${flags.toString(16)}`,
  migration: flagNames(flags),
});

function peers(w: World, d: Device) {
  return [...w.devices.values()]
    .filter((p) => p !== d && p.tgid === d.tgid)
    .map((p) => ({ device: p.name, state: p.stateName, landed_ns: landed(w, p) }));
}

/** Names for numbers that people read: states, beside the raw record. */
export function named(event: Record<string, unknown>): Record<string, unknown> {
  const out = { ...event };
  for (const key of ['requested', 'cur', 'next', 'state'])
    if (typeof event[key] === 'number') out[key] = stateName(event[key]);
  return out;
}

/** Builds the record from the world as it was before the event. */
export function violation(
  rule: Rule,
  verdict: Broken,
  { severity, advisory, profile, origin, limits }: Standing,
  before: World,
  e: KernelEvent,
  d: Device | undefined,
): Violation {
  const lost = d?.episode ? d.episode.lost : (before.lost[0] ?? 0) + (before.lost[1] ?? 0);
  const levels = coverage(before.probes, before.devices.values());
  return {
    rule: rule.id,
    rule_version: rule.version,
    ...origin,
    profile,
    norm: verdict.norm ?? rule.norm,
    severity,
    party: verdict.party ?? rule.party,
    advisory,
    confidence: lost > 0 || d?.pastUnknown ? 'low' : (verdict.confidence ?? 'high'),
    reason: verdict.reason,
    statement: rule.statement,
    limits: figuresOf(rule.id, limits),
    says: rule.says ?? null,
    basis: rule.basis ?? null,
    ...subject(before, e, d),
    state: d?.stateName ?? 'unknown',
    state_known_by: d?.how ?? 'unknown',
    landed_ns: d ? landed(before, d) : null,
    in_transition: d?.transition !== undefined,
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
