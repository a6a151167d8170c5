// SPDX-License-Identifier: Apache-2.0
/**
 * One cause, one violation: which finding explains which. Of the same event, rules say so
 * themselves (yieldsTo); here is what lies apart in time. A finding that may yet be explained waits.
 */
import type { Device } from '../model/device.js';
import type { Broken, Rule } from './rule.js';

const MS = 1e6;
const S = 1e9;

interface Explanation {
  readonly cause: string;
  readonly effects: readonly string[];
  /** Of the effects only these. */
  readonly reasons?: readonly string[];
  /** Both are of this device, of this pair of devices, or of this VM. */
  readonly same: 'device' | 'pair' | 'vm';
  /** How long after the cause an effect may come, ns. */
  readonly lasts: number;
  /** How long an effect waits for its cause, ns; 0: the cause always comes first. */
  readonly waits: number;
}

const EXPLANATIONS: readonly Explanation[] = [
  {
    cause: 'fsm-blocked-arc-spin',
    effects: ['fsm-arc-rejected'],
    reasons: ['blocked'],
    same: 'device',
    lasts: 1 * S,
    waits: 0,
  },
  {
    // The window is judged at a tick, of which there is one a second; the second one has seen all of its first millisecond.
    cause: 'p2p-window-open',
    effects: ['p2p-quiesce-order', 'p2p-release-order', 'p2p-map-target-halted'],
    reasons: ['mapped-peer-running', 'mapped-peer-halted', 'mapped-beside-running'],
    same: 'pair',
    lasts: 60 * S,
    waits: 2 * S,
  },
  {
    // ERROR counts when it was seen twice, after the SET_STATE that led there.
    cause: 'error-state-entered',
    effects: ['fsm-transition-failed'],
    same: 'device',
    lasts: 0,
    waits: 100 * MS,
  },
  ...['reset-during-migration', 'hot-reset-collateral'].map((cause) => ({
    cause,
    effects: [
      'data-session-killed',
      'dirty-report-inactive',
      'fsm-async-change',
      'config-write-while-halted',
    ],
    same: 'device' as const,
    lasts: 5 * S,
    waits: 0,
  })),
  {
    cause: 'vcpu-entry-while-halted',
    effects: ['mmio-fault-while-halted', 'ioeventfd-write-while-halted'],
    same: 'vm',
    lasts: 10 * MS,
    waits: 0,
  },
];

/** Rules that can explain this one, at another time. */
export const causesOf = (id: string): string[] =>
  EXPLANATIONS.filter((x) => x.effects.includes(id)).map((x) => x.cause);

const CAUSES = new Set(EXPLANATIONS.map(({ cause }) => cause));

/** Whom a finding is about, as keys that a cause and its effect share. */
function subjects(same: Explanation['same'], verdict: Broken, d: Device): readonly string[] {
  if (same === 'device') return [`device ${d.id}`];
  if (same === 'vm') return [`vm ${d.tgid}`];
  return (verdict.peers ?? []).map((p) => `pair ${Math.min(d.id, p.id)} ${Math.max(d.id, p.id)}`);
}

interface Waiting {
  readonly until: number;
  readonly keys: readonly string[];
  report(): void;
}

/** More causes than can be open at a time; the oldest are forgotten first. */
const MAX_CAUSES = 4096;

export class Precedence {
  /** When a cause was last found, relative ns, by its id and subject. */
  private readonly found = new Map<string, number>();
  private waiting: Waiting[] = [];

  /** Does anything wait? */
  get isWaiting(): boolean {
    return this.waiting.length > 0;
  }

  /** A rule is broken: remembered if it may explain others, and those that wait for it are explained. */
  note(rule: Rule, verdict: Broken, d: Device | undefined, at: number): void {
    if (!d || !CAUSES.has(rule.id)) return;
    for (const same of ['device', 'pair', 'vm'] as const)
      for (const subject of subjects(same, verdict, d)) {
        const key = `${rule.id} ${subject}`;
        this.found.delete(key);
        this.found.set(key, at);
        this.waiting = this.waiting.filter((w) => !w.keys.includes(key));
      }
    while (this.found.size > MAX_CAUSES) this.found.delete(this.found.keys().next().value ?? '');
  }

  /** Reports a finding, unless it is explained; now, or when nothing has explained it in time. */
  pass(rule: Rule, verdict: Broken, d: Device | undefined, at: number, report: () => void): void {
    const keys: string[] = [];
    let until = -1;
    for (const x of EXPLANATIONS) {
      if (!d || !x.effects.includes(rule.id) || (x.reasons && !x.reasons.includes(verdict.reason))) continue;
      for (const subject of subjects(x.same, verdict, d)) {
        const key = `${x.cause} ${subject}`;
        if (at - (this.found.get(key) ?? -Infinity) <= x.lasts) return;
        if (x.waits === 0) continue;
        keys.push(key);
        until = Math.max(until, at + x.waits);
      }
    }
    if (keys.length === 0) report();
    else this.waiting.push({ until, keys, report });
  }

  /** Time has come to `now`: what nothing has explained until then is reported. Infinity: all of it. */
  release(now: number): void {
    const due = this.waiting.filter((w) => w.until < now);
    this.waiting = this.waiting.filter((w) => w.until >= now);
    for (const w of due) w.report();
  }
}
