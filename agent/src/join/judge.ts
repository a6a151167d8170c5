// SPDX-License-Identifier: Apache-2.0
/** What both sides of a migration say together, judged. */
import { flagNames } from '../model/fsm.js';
import { blackoutBudgetExceeded } from '../rules/blackout-budget-exceeded.js';
import type { Violation } from '../rules/finding.js';
import { figuresOf } from '../rules/limits.js';
import type { Applied, Policy } from '../rules/policy.js';
import { resumeWithoutData } from '../rules/resume-without-data.js';
import { type Broken, broken, KEPT, type Rule, SILENT, unknown, type Verdict } from '../rules/rule.js';
import { stopCopyNotDrained } from '../rules/stop-copy-not-drained.js';
import { streamTruncated } from '../rules/stream-truncated.js';
import { contradiction, type Downtime, downtime } from './downtime.js';
import { bytesOf, type Half, isExact } from './half.js';
import type { Migration, Pair } from './pairing.js';

/** A clock that is wrong by more than this share of the budget says nothing about it. */
const ERROR_SHARE = 10;
const CRITICAL_TIMES = 10;

const LOSSY = unknown('records of the data stream may have been lost, or the trace ends before the stream');
const AMBIGUOUS = unknown('another data session of this VM could have been meant');
const NO_TIMES = unknown('when the guest lost the device, or had it back, is not known');
const CLOCKS = unknown('the clocks of the two hosts are not known to agree well enough');
const WAITED = unknown(
  'without the wait in STOP_COPY, which may have been asked for, it is within the budget',
);

/** A verdict about a migration, and a violation where it is one. */
export interface JointVerdict {
  readonly rule: string;
  readonly verdict: 'kept' | 'broken' | 'unknown';
  readonly device: string;
  /** Why it is unknown. */
  readonly why?: string;
  readonly violation?: Violation;
}

const ran = ({ destination }: Pair) => destination.running !== undefined;

/** The same bytes on both sides. */
function conservation(p: Pair): Verdict {
  if (!ran(p)) return SILENT;
  const [saved, loaded] = [bytesOf(p.source), bytesOf(p.destination)];
  if (!isExact(p.source) || !isExact(p.destination)) return LOSSY;
  if (saved === loaded) return KEPT;
  if (!p.certain) return AMBIGUOUS;
  if (loaded === 0) return SILENT; // resume-without-data
  const reason = loaded < saved ? 'truncated' : 'grown';
  return broken(reason, 'critical', { evidence: { saved, loaded, missing: saved - loaded } });
}

/** The destination runs on a stream that the source left before its end. */
function drained(p: Pair): Verdict {
  const { session } = p.source;
  if (!ran(p) || (session.endedAt < 0 && !session.released)) return SILENT;
  if (session.eos) return KEPT;
  if (!isExact(p.source)) return LOSSY;
  return p.certain
    ? broken('destination-runs', 'critical', { evidence: { saved: bytesOf(p.source) } })
    : AMBIGUOUS;
}

/** The destination runs on nothing, and there was something. */
function loaded(p: Pair): Verdict {
  if (!ran(p)) return SILENT;
  if (bytesOf(p.destination) > 0) return KEPT;
  if (!isExact(p.destination)) return LOSSY;
  const saved = bytesOf(p.source);
  if (saved === 0) return SILENT;
  return p.certain ? broken('source-streamed', 'critical', { evidence: { saved } }) : AMBIGUOUS;
}

function within(t: Downtime | undefined, budget: number): Verdict {
  if (!t) return NO_TIMES;
  const evidence = { ...t, budget_ns: budget };
  const over = (ns: number) =>
    broken('over-budget-joined', ns > CRITICAL_TIMES * budget ? 'critical' : 'warning', { evidence });
  // What each host measured by itself needs no clock of the other.
  if (t.least - t.waited > budget) return over(t.least - t.waited);
  const trusted = t.error !== undefined && t.error <= budget / ERROR_SHARE && contradiction(t) === 0;
  if (!trusted) return t.least > budget ? WAITED : CLOCKS;
  if (t.total <= budget) return KEPT;
  return t.total - t.waited > budget ? over(t.total - t.waited) : WAITED;
}

const exact = (ns: bigint) => (ns <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(ns) : `0x${ns.toString(16)}`);

function iso(ns: bigint): string {
  const date = new Date(Number(ns / 1_000_000n));
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}

const about = (h: Half) => ({
  host: h.host.origin.host,
  device: h.device,
  session: h.session.id,
  bytes: bytesOf(h),
});

/** The record of a violation; it is the destination's, where the guest runs. */
function record(rule: Rule, v: Broken, how: Applied, policy: Policy, p: Pair): Violation {
  const { source: s, destination: d } = p;
  const at = d.running ?? d.began;
  return {
    rule: rule.id,
    rule_version: rule.version,
    ...d.host.origin,
    profile: policy.profile,
    norm: rule.norm,
    severity: how.severity ?? v.severity,
    party: rule.party,
    advisory: false,
    confidence: v.confidence ?? 'high',
    reason: v.reason,
    statement: rule.statement,
    limits: figuresOf(rule.id, how.limits),
    says: rule.says ?? null,
    basis: rule.basis ?? null,
    device: d.device,
    driver: d.driver,
    iommu_group: d.group,
    migration_flags: `0x${d.flags.toString(16)}`,
    migration: flagNames(d.flags),
    vm: d.vm,
    process: { tgid: d.tgid, comm: d.comm, cgroup: '' },
    state: d.steps.at(-1)?.state ?? 'unknown',
    state_known_by: 'set',
    landed_ns: exact(at.mono),
    in_transition: false,
    at_ns: exact(at.mono),
    wall: iso(at.wall),
    episode: null,
    event: { kind: 'migration', joined_by: p.by, source: about(s), destination: about(d) },
    evidence: v.evidence ?? {},
    history: [],
    context: [],
    peers: [{ device: s.device, state: s.steps.at(-1)?.state ?? 'unknown', landed_ns: null }],
    coverage: {},
    lost: 0,
  };
}

/** Every joint rule on one migration; rules that the policy has off for the device are not asked. */
export function judgeMigration(m: Migration, policy: Policy): JointVerdict[] {
  const out: JointVerdict[] = [];
  const ask = (rule: Rule, p: Pair, judge: (how: Applied) => Verdict) => {
    const { device, driver } = p.destination;
    const how = policy.applied({ name: device, driver }).find((a) => a.rule.id === rule.id);
    const verdict = how ? judge(how) : SILENT;
    if (!how || verdict === SILENT) return;
    const said = { rule: rule.id, device };
    if (verdict === KEPT) out.push({ ...said, verdict });
    else if (verdict.verdict === 'unknown') out.push({ ...said, verdict: 'unknown', why: verdict.why });
    else out.push({ ...said, verdict: 'broken', violation: record(rule, verdict, how, policy, p) });
  };
  for (const pair of m.pairs) {
    ask(streamTruncated, pair, () => conservation(pair));
    ask(stopCopyNotDrained, pair, () => drained(pair));
    ask(resumeWithoutData, pair, () => loaded(pair));
  }
  // One guest, one downtime: it is told of the device that had it back last.
  const last = m.pairs.findLast(ran);
  if (last) ask(blackoutBudgetExceeded, last, ({ limits }) => within(downtime(m), limits.blackoutBudget));
  return out;
}
