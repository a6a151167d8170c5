// SPDX-License-Identifier: Apache-2.0
/** Judging a whole trace, for every command that reads one. */
import { CapturePolicy, parseLimits } from '../capture_policy.js';
import type { Filter, Judges } from '../config.js';
import { Judge } from '../judge.js';
import { NO_OBSERVER } from '../model/world.js';
import type { Violation } from '../rules/finding.js';
import { RULES } from '../rules/index.js';
import type { Severity } from '../rules/rule.js';
import type { TraceOrigin } from '../trace/metadata.js';
import { type Damage, type Tail, TraceSource } from '../trace/trace_source.js';
import { madeOn, READING } from '../trace_format.js';
import type { KernelEvent } from '../wire/events.gen.js';
import { shown } from './filter.js';
import { Policies } from './policies.js';
import { Progress } from './progress.js';
import { Span } from './span.js';

export interface Outcome {
  readonly judge: Judge;
  /** The trace's own folder. */
  readonly folder: string;
  readonly origin: TraceOrigin;
  /** By severity. */
  readonly violations: Readonly<Record<Severity, number>>;
  /** Those of them that tell of more than loss. */
  readonly proven: number;
  readonly damages: readonly Damage[];
  /** Records that did not get into the trace. It does not say of which ring: the world has each as lost in both. */
  readonly missing: number;
  /** Of the rules that were asked for, those that could not judge all the time: a fact that they need was not observed. */
  readonly blind: ReadonlySet<string>;
}

/** Who looks on. An event is valid during the call only. */
export interface Watcher {
  /** The trace can be read; nothing of it has been judged yet. */
  opened?(origin: TraceOrigin, judge: Judge): void;
  /** With the capture that the flight recorder made of it, if it made one. */
  violation?(v: Violation, capture: string | undefined): void;
  /** The world is as it was before the event. */
  before?(e: KernelEvent, judge: Judge): void;
  /** The event has been judged and folded. */
  after?(e: KernelEvent, judge: Judge): void;
  /** As after(), but whatever the filter says. */
  any?(e: KernelEvent): void;
  /** Asked after each batch: the next one waits for it. */
  batch?(): Promise<void>;
}

/** All of the trace is judged; `filter` says what of it is shown to the watcher. */
export async function judgeTrace(
  path: string,
  judges: Judges,
  filter: Filter,
  watcher: Watcher,
  tail?: (folder: string) => Tail,
): Promise<Outcome> {
  const source = await TraceSource.open(path, READING, tail);
  const progress = new Progress(await source.bytes(), process.stderr, () => performance.now());
  const span = new Span(filter.from, filter.until, source.origin.clockOffset);
  const captures = new CapturePolicy(parseLimits(source.origin.env.flight));
  const violations = { critical: 0, warning: 0, info: 0 };
  let proven = 0;
  const show = shown(filter);
  const policies = new Policies(judges);
  const options = {
    policy: policies.first,
    policyOf: policies.policyOf,
    origin: madeOn(source.origin.env),
    onViolation: (v: Violation) => {
      const capture = captures.of(v)?.id;
      const { base } = judge.world;
      if (!show.violation(v) || !span.has(Number(BigInt(v.at_ns) - base), base)) return;
      progress.clear();
      violations[v.severity]++;
      if (!tellsOfLoss(v)) proven++;
      watcher.violation?.(v, capture);
    },
  };
  const judge = new Judge(options, NO_OBSERVER);
  const only = (look: Watcher['before']) =>
    look &&
    ((e: KernelEvent) => {
      const { base, devices } = judge.world;
      if (span.has(e.at, base) && show.device(devices.get(e.dev)?.name)) look(e, judge);
    });
  const [before, after] = [only(watcher.before?.bind(watcher)), only(watcher.after?.bind(watcher))];
  try {
    watcher.opened?.(source.origin, judge);
    for (let batch = await source.next(); batch; batch = await source.next()) {
      judge.feed(batch, before, watcher.any ?? after);
      if (!watcher.before) progress.at(source.done, judge.events);
      await watcher.batch?.();
    }
    progress.clear();
    judge.finish();
  } finally {
    await source.close();
  }
  const difference = policies.difference();
  if (difference) process.stderr.write(`migwatch: ${path}: ${difference}\n`);
  const { folder, origin, damages, missing } = source;
  return { judge, folder, origin, violations, proven, damages, missing, blind: blindRules(judge, filter) };
}

function blindRules({ engine }: Judge, { rules }: Filter): Set<string> {
  const asked = RULES.filter(({ id }) => engine.tallies.has(id) && (rules?.includes(id) ?? true));
  return new Set(
    asked.filter(({ needs }) => needs.some((fact) => engine.unseen.has(fact))).map(({ id }) => id),
  );
}

/** Facts that kept these rules from judging. */
const unseenBy = (blind: ReadonlySet<string>, { engine }: Judge) =>
  [...engine.unseen].filter((fact) => RULES.some((r) => blind.has(r.id) && r.needs.includes(fact)));

/** A loss is found, too, but proves nothing against anybody. */
const tellsOfLoss = (v: Violation) => v.rule === 'observability-gap' && v.reason.startsWith('lost-');

/** Why the absence of violations proves nothing, or undefined. */
export function notAssessable({ judge, damages, missing, blind }: Outcome): string | undefined {
  if (damages.length > 0) return 'the trace is damaged';
  const lost = (judge.world.lost[0] ?? 0) + (judge.world.lost[1] ?? 0) - missing;
  if (lost > 0) return `${lost} records were lost while recording`;
  if (judge.undecodable > 0) return `${judge.undecodable} bytes are no record`;
  if (judge.events === 0) return 'the trace holds no records';
  if (blind.size > 0) return `not observed: ${unseenBy(blind, judge).join(', ')}`;
  return undefined;
}

/** One line each, for people. */
export function reportDamages(damages: readonly Damage[]): void {
  for (const { file, offset, what } of damages)
    process.stderr.write(`migwatch: ${file}: at ${offset}: ${what}\n`);
}

const many = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`;

export const total = ({ critical, warning, info }: Outcome['violations']): number =>
  critical + warning + info;

/** What every VMM does is told as an info: it shall not read like a breach. */
function observed(violations: Outcome['violations']): string {
  const { critical, warning, info } = violations;
  const all = total(violations);
  if (info === all) return `${many(info, 'info')} observed, nothing above`;
  const parts = Object.entries({ critical, warning, info }).filter(([, n]) => n > 0);
  return `${many(all, 'violation')} observed: ${parts.map(([severity, n]) => `${n} ${severity}`).join(', ')}`;
}

/** What was concluded, for people. */
export function conclusion(outcome: Outcome): string {
  const why = notAssessable(outcome);
  if (outcome.proven) return `${observed(outcome.violations)}${why ? `; ${why}` : ''}`;
  return why ? `not assessable: ${why}` : 'no violation observed';
}
