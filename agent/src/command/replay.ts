// SPDX-License-Identifier: Apache-2.0
import type { Filter, Judges, ReplayFormat } from '../config.js';
import { formatEvent } from '../export/timeline.js';
import { violationJson } from '../export/violation_json.js';
import type { Judge } from '../judge.js';
import type { Violation } from '../rules/finding.js';
import { conclusion, judgeTrace, notAssessable, reportDamages } from './judge_trace.js';

const EXIT_VIOLATIONS = 1;
const EXIT_NOT_ASSESSABLE = 3;

export function violationLine(v: Violation): string {
  const who = v.device ? `${v.device} in ${v.state}` : 'host';
  return `${v.severity.padEnd(8)} ${v.rule} (${v.reason}) ${who}: ${v.statement}`;
}

/** Findings stand where they began; how often they happened until the end is told at the end. */
function reportRepeats({ engine, world }: Judge): void {
  for (const { violation: v, count, lastAt } of engine.findings.values()) {
    if (count === 1) continue;
    const last = world.base + BigInt(Math.trunc(lastAt));
    const where = v.device ? ` ${v.device}` : '';
    process.stderr.write(`${count} times, the last at ${last} ns: ${v.rule} (${v.reason})${where}\n`);
  }
}

/** `migwatch replay TRACE`: 0 none observed, 1 violations, 3 not assessable. */
export async function replayCommand(
  path: string,
  format: ReplayFormat,
  judges: Judges,
  filter: Filter,
): Promise<number> {
  const line = format === 'jsonl' ? violationJson : violationLine;
  const outcome = await judgeTrace(path, judges, filter, {
    violation: (v, capture) => process.stdout.write(`${line(v, capture)}\n`),
  });
  reportRepeats(outcome.judge);
  reportDamages(outcome.damages);
  const why = notAssessable(outcome);
  const active = outcome.judge.engine.tallies.size;
  process.stderr.write(`${conclusion(outcome)} (${outcome.judge.events} events, ${active} rules)\n`);
  if (outcome.proven) return EXIT_VIOLATIONS;
  return why ? EXIT_NOT_ASSESSABLE : 0;
}

/** `migwatch print TRACE`: the timeline, each violation under the event that showed it. */
export async function printCommand(path: string, judges: Judges, filter: Filter): Promise<number> {
  const outcome = await judgeTrace(path, judges, filter, {
    before: (e, judge) => process.stdout.write(`${formatEvent(e, judge.world)}\n`),
    violation: (v) => process.stdout.write(`             └─ ${violationLine(v)}\n`),
  });
  reportDamages(outcome.damages);
  return 0;
}
