// SPDX-License-Identifier: Apache-2.0
/** step(world, event): every rule that asked judges it against the world before it; then it is folded. */
import { coverage, type Fact } from '../model/coverage.js';
import type { Device } from '../model/device.js';
import { fold } from '../model/fold.js';
import { notice } from '../model/loss.js';
import type { World } from '../model/world.js';
import type { EventKind, KernelEvent } from '../wire/events.gen.js';
import { type Violation, violation } from './finding.js';
import type { Limits } from './limits.js';
import type { Broken, Profile, Rule, Severity } from './rule.js';

/** How often each rule answered what; `unknown` is an answer. */
export interface Tally {
  kept: number;
  broken: number;
  unknown: number;
}

/** A finding and how often it happened again. */
export interface Finding {
  readonly violation: Violation;
  count: number;
  /** Time of the last one, relative ns. */
  lastAt: number;
}

export interface EngineOptions {
  readonly rules: readonly Rule[];
  readonly profile: Profile;
  readonly limits: Limits;
  /** Called once per finding, when it is new. */
  onViolation(v: Violation): void;
  /** Called for every broken verdict, new or not. */
  onBroken?(rule: Rule, d: Device | undefined): void;
}

const MAX_FINDINGS = 10_000;

function findingKey(rule: Rule, verdict: Broken, d: Device | undefined): string {
  return `${rule.id}|${d?.id ?? 0}|${d?.episode?.id ?? 0}|${verdict.reason}`;
}

export class Engine {
  readonly tallies = new Map<string, Tally>();
  /** By rule, device, episode and reason; the oldest are forgotten above 10,000. */
  readonly findings = new Map<string, Finding>();
  private readonly byKind = new Map<EventKind, Rule[]>();
  private blindFacts = new Set<Fact>();

  constructor(
    readonly world: World,
    private readonly options: EngineOptions,
  ) {
    for (const rule of options.rules) {
      this.tallies.set(rule.id, { kept: 0, broken: 0, unknown: 0 });
      for (const kind of rule.on) {
        const asked = this.byKind.get(kind);
        if (asked) asked.push(rule);
        else this.byKind.set(kind, [rule]);
      }
    }
  }

  /** Judges and folds one record. `record` is its bytes. */
  step(e: KernelEvent, record: Uint8Array): void {
    notice(this.world, e);
    const asked = this.byKind.get(e.kind);
    if (asked) this.judgeSubjects(asked, e);
    fold(this.world, e, record);
    if (e.kind === 'probe' || e.kind === 'device') this.assess();
  }

  /** Asks once for each device that the event is about. */
  private judgeSubjects(asked: readonly Rule[], e: KernelEvent): void {
    const { devices } = this.world;
    switch (e.kind) {
      case 'tick':
        for (const d of devices.values()) this.judge(asked, e, d);
        return;
      case 'dma_map':
      case 'dma_unmap':
        for (const d of this.world.devicesOf(e.container)) this.judge(asked, e, d);
        return;
      case 'lost':
        this.judge(asked, e, undefined);
        for (const d of devices.values()) if (d.episode) this.judge(asked, e, d);
        return;
      default:
        this.judge(asked, e, e.dev ? devices.get(e.dev) : undefined);
    }
  }

  private judge(asked: readonly Rule[], e: KernelEvent, d: Device | undefined): void {
    let broken: [Rule, Broken][] | undefined;
    for (const rule of asked) {
      const verdict = rule.judge(this.world, e, d, this.options.limits);
      if (verdict === 'silent') continue;
      const tally = this.tallies.get(rule.id);
      if (!tally) continue;
      if (verdict === 'kept') {
        if (this.blind(rule)) tally.unknown++;
        else tally.kept++;
      } else if (verdict.verdict === 'unknown') tally.unknown++;
      // A deadline that was missed stays missed: that is one violation, not one a tick.
      else if (e.kind !== 'tick' || !this.findings.has(findingKey(rule, verdict, verdict.device ?? d))) {
        tally.broken++;
        broken ??= [];
        broken.push([rule, verdict]);
      }
    }
    if (broken) this.report(broken, e, d);
  }

  private report(broken: readonly [Rule, Broken][], e: KernelEvent, asked: Device | undefined): void {
    const ids = new Set(broken.map(([rule]) => rule.id));
    for (const [rule, verdict] of broken) {
      if (rule.yieldsTo.some((id) => ids.has(id))) continue;
      const d = verdict.device ?? asked;
      this.options.onBroken?.(rule, d);
      const key = findingKey(rule, verdict, d);
      const known = this.findings.get(key);
      if (known) {
        known.count++;
        known.lastAt = e.at;
        continue;
      }
      const v = this.envelope(rule, verdict, e, d);
      this.keep(key, { violation: v, count: 1, lastAt: e.at });
      this.options.onViolation(v);
    }
  }

  private envelope(rule: Rule, verdict: Broken, e: KernelEvent, d: Device | undefined): Violation {
    const { profile } = this.options;
    const advisory = profile === 'uapi' && (verdict.norm ?? rule.norm) === 'N3';
    let severity: Severity = (profile === 'seed-strict' && verdict.strict) || verdict.severity;
    if (advisory && severity === 'critical') severity = 'warning';
    return violation(rule, verdict, severity, advisory, profile, this.world, e, d);
  }

  private keep(key: string, finding: Finding): void {
    if (this.findings.size >= MAX_FINDINGS) {
      const oldest = this.findings.keys().next().value;
      if (oldest !== undefined) this.findings.delete(oldest);
    }
    this.findings.set(key, finding);
  }

  private assess(): void {
    const { probes, devices } = this.world;
    this.blindFacts = new Set(
      coverage(probes, devices.values())
        .filter((c) => c.level === 'none')
        .map((c) => c.fact),
    );
  }

  /** Nothing seen is no evidence where one could not look. */
  private blind(rule: Rule): boolean {
    return this.blindFacts.size > 0 && rule.needs.some((f) => this.blindFacts.has(f));
  }
}
