// SPDX-License-Identifier: Apache-2.0
/**
 * What a rule is. Each rule is one file and one line in index.ts; it is pure: it
 * reads the world before the event, the event and the limits, and keeps nothing.
 */
import type { Fact } from '../model/coverage.js';
import type { Device } from '../model/device.js';
import type { World } from '../model/world.js';
import type { EventKind, KernelEvent } from '../wire/events.gen.js';
import type { Limits } from './limits.js';

export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

export const PROFILES = ['uapi', 'seed-strict'] as const;
export type Profile = (typeof PROFILES)[number];

/** N1 merged uAPI text, N2 merged kernel code, N3 mail or unmerged document, N4 operational. */
export type Norm = 'N1' | 'N2' | 'N3' | 'N4';
/** What a finding is about: one device, several and their order, mappings of a container, the VM, the host. */
export type Scope = 'device' | 'devices' | 'mappings' | 'vm' | 'host';
export type Party = 'user' | 'driver' | 'device' | 'kernel' | 'ops';

export type Confidence = 'high' | 'medium' | 'low';

/** The event bears on the rule and the rule was kept. */
export const KEPT = 'kept';
/** The event does not bear on the rule. */
export const SILENT = 'silent';

export interface Unknown {
  readonly verdict: 'unknown';
  readonly why: string;
}

export interface Broken {
  readonly verdict: 'broken';
  /** Findings of one rule, device, episode and reason are one. */
  readonly reason: string;
  readonly severity: Severity;
  /** Where the norm or party depends on the case. */
  readonly norm?: Norm;
  readonly party?: Party;
  /** How sure it is where nothing was lost; high unless said. */
  readonly confidence?: Confidence;
  /** Severity in profile seed-strict, where it differs. */
  readonly strict?: Severity;
  /** Whose finding it is, where that is not the device of the event. */
  readonly device?: Device;
  /** The other devices that it takes: a finding of the same pair may explain this one. */
  readonly peers?: readonly Device[];
  /** Facts beside the event that the verdict rests on. */
  readonly evidence?: Readonly<Record<string, unknown>>;
}

export type Verdict = typeof KEPT | typeof SILENT | Unknown | Broken;

export const unknown = (why: string): Unknown => ({ verdict: 'unknown', why });

export const broken = (reason: string, severity: Severity, more?: Partial<Broken>): Broken => ({
  verdict: 'broken',
  reason,
  severity,
  ...more,
});

/** Unknowns that come up everywhere; shared so that judging allocates nothing. */
export const STATE_UNKNOWN = unknown('the device state is not known');
export const IN_TRANSITION = unknown('a transition is in flight or has just landed');
export const OUT_OF_STEP = unknown('state records around this event are missing or late');

export interface RuleText {
  readonly id: string;
  readonly version: number;
  readonly statement: string;
  /** The sentence that the rule enforces, word for word; where there is none, `basis` has the substance in our words. */
  readonly says?: string;
  readonly basis?: string;
  /** Where it stands. */
  readonly where: string;
  readonly norm: Norm;
  readonly party: Party;
  /** Every severity that a finding may have: their counters exist from the start. */
  readonly severities: readonly Severity[];
  /** Facts without which there is no verdict. */
  readonly needs: readonly Fact[];
  /** How it decides, what is benign, what to do: for `migwatch rules ID`. */
  readonly decides: string;
  readonly benign: string;
  readonly action: string;
}

/** For people: only what was written by others stands in quotation marks. */
export const authority = (r: RuleText): string => (r.says === undefined ? (r.basis ?? '') : `"${r.says}"`);

/** By kind what a rule says of an ordinary event (ordinary.ts); of the kinds that are left out it is always asked. */
export type Ordinarily = { readonly [K in EventKind]?: typeof KEPT | typeof SILENT };

type OfKind<K extends EventKind> = Extract<KernelEvent, { kind: K }>;

export interface Rule extends RuleText {
  readonly scope: Scope;
  readonly on: readonly EventKind[];
  /** Rules that, broken by the same event, explain this one: it is then not reported. */
  readonly yieldsTo: readonly string[];
  readonly ordinarily: Ordinarily;
  judge(before: World, e: KernelEvent, d: Device | undefined, limits: Limits): Verdict;
}

/** Declares a rule on some kinds of event. On `tick` it is asked once per device. */
export function rule<K extends EventKind>(
  text: RuleText & {
    readonly on: readonly K[];
    /** `device` unless said. */
    readonly scope?: Scope;
    readonly yieldsTo?: readonly string[];
    readonly ordinarily?: Ordinarily;
    judge(before: World, e: OfKind<K>, d: Device | undefined, limits: Limits): Verdict;
  },
): Rule {
  // The engine calls judge only with the kinds named in `on`.
  return { scope: 'device', yieldsTo: [], ordinarily: {}, ...text } as unknown as Rule;
}
