// SPDX-License-Identifier: Apache-2.0
/** step(world, event): every rule that asked judges it against the world before it; then it is folded. */
import { coverage, type Fact, mayGoUnseen } from '../model/coverage.js';
import type { Device } from '../model/device.js';
import { fold } from '../model/fold.js';
import { SAVE } from '../model/fsm.js';
import { isStateRecord, notice } from '../model/loss.js';
import { read, written } from '../model/stream.js';
import type { World } from '../model/world.js';
import { type Decoder, EvType, type KernelEvent } from '../wire/events.gen.js';
import { type Asked, Dispatch, factBits } from './dispatch.js';
import { NOWHERE, type Origin, type Violation, violation } from './finding.js';
import { Finding } from './found.js';
import { flows, isOrdinary, LOAD } from './ordinary.js';
import type { Applied, Policy } from './policy.js';
import { Precedence } from './precedence.js';
import { type Broken, KEPT, type Rule, type Severity, SILENT } from './rule.js';
import { Tallies } from './tally.js';

export interface EngineOptions {
  readonly policy: Policy;
  /** For the envelope of findings. */
  readonly origin?: Origin;
  /** Called once per finding, when it is new; `finding` goes on counting. */
  onViolation(v: Violation, finding: Finding): void;
  /** Asked when a record says that another policy is in force from here on; undefined: no change. */
  policyOf?(id: string): Policy | undefined;
  /** Called for every broken verdict, new or not. */
  onBroken?(rule: Rule, d: Device | undefined): void;
}

const MAX_FINDINGS = 10_000;

function findingKey(rule: Rule, verdict: Broken, d: Device | undefined): string {
  return `${rule.id}|${d?.id ?? 0}|${d?.episode?.id ?? 0}|${verdict.reason}`;
}

/**
 * The spine: everything goes through step(), millions of times a second. Here, in Dispatch and in the fold's
 * table, and nowhere else, code is written for that: rules are found in an array by the record's tag.
 */
export class Engine {
  private readonly counted = new Tallies();
  /** By rule, device, episode and reason; the oldest are forgotten above 10,000. */
  readonly findings = new Map<string, Finding>();
  /** Facts that could not be observed, at some time at which there was a device. */
  readonly unseen = new Set<Fact>();
  private dispatch: Dispatch;
  /** The policy that the records named last. */
  private named = '';
  private readonly precedence = new Precedence();
  /** Facts that cannot be observed at all, as bits. */
  private blindFacts = 0;

  constructor(
    readonly world: World,
    private readonly options: EngineOptions,
  ) {
    this.dispatch = new Dispatch(options.policy, this.counted);
  }

  /** From here on it is judged by this policy. What was found and counted stays. */
  configure(policy: Policy): void {
    this.countOrdinary();
    this.dispatch = new Dispatch(policy, this.counted);
  }

  /** How often each rule answered what, until now. */
  get tallies(): Tallies {
    this.countOrdinary();
    return this.counted;
  }

  /** Ordinary events are only counted, by whom is asked about them; here their verdicts are. */
  private countOrdinary(): void {
    for (const asking of this.dispatch.everyAsking()) {
      const { ordinary } = asking;
      asking.ordinary = 0;
      if (ordinary > 0) for (const asked of asking.keptOrdinarily) this.kept(asked, ordinary);
    }
  }

  /** Judges and folds the record `e`, at which the decoder stands. */
  step(e: KernelEvent, at: Decoder): void {
    const { world } = this;
    const { tag } = at;
    if ((tag === EvType.DATA_READ || tag === EvType.DATA_WRITE) && this.inOrder(at, tag)) return;
    const d = e.dev ? world.devices.find(e.dev) : undefined;
    if (d && isStateRecord(tag, e)) notice(d, e.gen);
    switch (tag) {
      case EvType.TICK:
      case EvType.LOST:
      case EvType.DMA_MAP:
      case EvType.DMA_UNMAP:
        this.judgeSubjects(e, at);
        break;
      default:
        this.judge(e, at, d);
    }
    if (this.precedence.isWaiting) this.precedence.release(e.at);
    fold(world, at, e, d);
    if (tag === EvType.PROBE || tag === EvType.DEVICE || tag === EvType.SNAP_TEXT) this.assess();
  }

  /**
   * Data that moves as it should is three quarters of what a busy host tells: what judge() and fold() do about it,
   * in one go. False: it is not that, or somebody waits for what it shows.
   */
  private inOrder(at: Decoder, tag: number): boolean {
    const { world, precedence } = this;
    const e = at.data;
    const d = world.devices.find(e.dev);
    const s = d?.session;
    const reading = tag === EvType.DATA_READ;
    if (d === undefined || s === undefined || !flows(world, d, s, e, reading ? SAVE : LOAD)) return false;
    const asking = this.dispatch.ofDevice(d)[tag];
    if (precedence.isWaiting || (asking !== undefined && asking.always.length > 0)) return false;
    if (asking !== undefined) asking.ordinary++;
    const now = e.at;
    if (now > world.now) world.now = now;
    if (reading) read(s, d, e);
    else written(s, d, e);
    return true;
  }

  /** A record, or a snapshot, may name another policy: it is in force from the next one on. */
  private follow(): void {
    const { policy: id } = this.world;
    if (id === this.named) return;
    this.named = id;
    const policy = this.options.policyOf?.(id);
    if (policy && policy !== this.dispatch.policy) this.configure(policy);
  }

  /** Asks once for each device that the event is about, where it names none. */
  private judgeSubjects(e: KernelEvent, at: Decoder): void {
    const { devices } = this.world;
    if (e.kind === 'dma_map' || e.kind === 'dma_unmap') {
      const subjects = this.world.devicesOf(e.container);
      for (let i = 0; i < subjects.length; i++) this.judge(e, at, subjects[i]);
    } else if (e.kind === 'lost') {
      this.judge(e, at, undefined);
      for (const d of devices.values()) if (d.episode) this.judge(e, at, d);
    } else for (const d of devices.values()) this.judge(e, at, d);
  }

  private judge(e: KernelEvent, at: Decoder, d: Device | undefined): void {
    const { tag } = at;
    const asking = this.dispatch.of(e, d)[tag];
    if (!asking) return;
    if (!d || !asking.hasOrdinary || !isOrdinary(this.world, d, e, tag)) this.ask(asking.all, e, at, d);
    else {
      const { always } = asking;
      asking.ordinary++;
      if (always.length > 0) this.ask(always, e, at, d);
    }
  }

  private ask(asked: readonly Asked[], e: KernelEvent, at: Decoder, d: Device | undefined): void {
    const { world, counted: tallies } = this;
    let found: [Applied, Broken][] | undefined;
    for (let i = 0; i < asked.length; i++) {
      const one = asked[i] as Asked;
      const { judge, limits, tally } = one;
      const verdict = judge(world, e, d, limits);
      if (verdict === SILENT) continue;
      if (verdict === KEPT) this.kept(one);
      else if (verdict.verdict === 'unknown') tallies.unknown(tally, 1);
      // A deadline that was missed stays missed: that is one violation, not one a tick.
      else if (
        at.tag !== EvType.TICK ||
        !this.findings.has(findingKey(one.applied.rule, verdict, verdict.device ?? d))
      ) {
        const elsewhere = verdict.device && verdict.device !== d;
        const owner = elsewhere ? this.dispatch.as(one.applied.rule, verdict.device) : one.applied;
        if (!owner) continue;
        tallies.broken(tally);
        found ??= [];
        found.push([owner, verdict]);
      }
    }
    if (found) this.report(found, e, at, d);
  }

  private kept({ needs, tally }: Asked, times = 1): void {
    // Nothing seen is no evidence where one could not look.
    if (needs & this.blindFacts) this.counted.unknown(tally, times);
    else this.counted.kept(tally, times);
  }

  private report(
    broken: readonly [Applied, Broken][],
    e: KernelEvent,
    decoder: Decoder,
    asked: Device | undefined,
  ): void {
    const ids = new Set(broken.map(([{ rule }]) => rule.id));
    const { at } = e;
    let record: Uint8Array | undefined;
    for (const [{ rule }, verdict] of broken)
      this.precedence.note(rule, verdict, verdict.device ?? asked, at);
    for (const [applied, verdict] of broken) {
      const { rule } = applied;
      if (rule.yieldsTo.some((id) => ids.has(id))) continue;
      const d = verdict.device ?? asked;
      const key = findingKey(rule, verdict, d);
      // A finding that waits is written as things stand now.
      const v = this.findings.has(key) ? undefined : this.envelope(applied, verdict, e, d);
      record ??= decoder.record();
      const shownBy = record;
      this.precedence.pass(rule, verdict, d, at, () => {
        this.options.onBroken?.(rule, d);
        this.found(key, v, at, shownBy);
      });
    }
  }

  private found(key: string, v: Violation | undefined, at: number, record: Uint8Array): void {
    const known = this.findings.get(key);
    if (known) known.again(at, record);
    else if (v) {
      const finding = new Finding(v, at);
      this.keep(key, finding);
      this.options.onViolation(v, finding);
    }
  }

  /** No more records: what still waits for an explanation is reported. */
  finish(): void {
    this.precedence.release(Infinity);
  }

  private envelope(applied: Applied, verdict: Broken, e: KernelEvent, d: Device | undefined): Violation {
    this.world.contexts.tell(this.world.devices);
    const { rule } = applied;
    const { profile } = this.dispatch.policy;
    const advisory = profile === 'uapi' && (verdict.norm ?? rule.norm) === 'N3';
    let severity: Severity = (profile === 'seed-strict' && verdict.strict) || verdict.severity;
    if (advisory && severity === 'critical') severity = 'warning';
    const standing = {
      severity: applied.severity ?? severity,
      advisory,
      profile,
      origin: this.options.origin ?? NOWHERE,
      limits: applied.limits,
    };
    return violation(rule, verdict, standing, this.world, e, d);
  }

  private keep(key: string, finding: Finding): void {
    if (this.findings.size >= MAX_FINDINGS) {
      const oldest = this.findings.keys().next().value;
      if (oldest !== undefined) this.findings.delete(oldest);
      this.world.evicted.findings++;
    }
    this.findings.set(key, finding);
  }

  /** What only a few kinds of record can change. */
  private assess(): void {
    if (this.world.snapshot) return; // known when all of it has been read
    this.follow();
    this.countOrdinary(); // under what could be observed until now
    const { probes, devices } = this.world;
    const levels = coverage(probes, devices.values());
    this.blindFacts = factBits(levels.filter(({ level }) => level === 'none').map(({ fact }) => fact));
    if (devices.size > 0) for (const c of levels) if (mayGoUnseen(c, probes)) this.unseen.add(c.fact);
  }
}
