// SPDX-License-Identifier: Apache-2.0
/** What a replay says at its end, and with which exit code. */
import type { Judge } from '../judge.js';
import type { Violation } from '../rules/finding.js';
import { conclusion, notAssessable, type Outcome, reportDamages } from './judge_trace.js';

const EXIT_VIOLATIONS = 1;
const EXIT_NOT_ASSESSABLE = 3;

export function violationLine(v: Violation): string {
  const who = v.device ? `${v.device} in ${v.state}` : 'host';
  return `${v.severity.padEnd(8)} ${v.rule} (${v.reason}) ${who}: ${v.statement}`;
}

/** Findings stand where they began; how often they happened until the end is told at the end. */
export function reportRepeats({ engine, world }: Judge): void {
  for (const { violation: v, count, lastAt } of engine.findings.values()) {
    if (count === 1) continue;
    const last = world.base + BigInt(Math.trunc(lastAt));
    const where = v.device ? ` ${v.device}` : '';
    process.stderr.write(`${count} times, the last at ${last} ns: ${v.rule} (${v.reason})${where}\n`);
  }
}

/** Says on stderr what each trace came to; `joined` violations were found between them. The exit code. */
export function conclude(outcomes: readonly Outcome[], joined = 0): number {
  for (const outcome of outcomes) {
    reportDamages(outcome.damages);
    const { events, engine } = outcome.judge;
    const all = engine.tallies.size;
    const judging = outcome.blind.size > 0 ? `${all - outcome.blind.size} of ${all}` : `${all}`;
    const where = outcomes.length > 1 ? `${outcome.folder}: ` : '';
    process.stderr.write(`${where}${conclusion(outcome)} (${events} events, ${judging} rules)\n`);
  }
  if (joined > 0)
    process.stderr.write(`${joined} violation${joined === 1 ? '' : 's'} observed between hosts\n`);
  if (joined > 0 || outcomes.some((o) => o.proven > 0)) return EXIT_VIOLATIONS;
  return outcomes.some(notAssessable) ? EXIT_NOT_ASSESSABLE : 0;
}
