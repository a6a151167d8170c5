// SPDX-License-Identifier: Apache-2.0
import type { JudgeConfig, ReplayFormat } from '../config.js';
import { formatEvent } from '../export/timeline.js';
import { violationJson } from '../export/violation_json.js';
import { Judge } from '../judge.js';
import { NO_OBSERVER } from '../model/world.js';
import type { Violation } from '../rules/finding.js';
import { RULES } from '../rules/index.js';
import { RecordFileSource } from '../trace/record_file.js';
import { wholeRecords } from '../wire/batch.js';
import type { KernelEvent } from '../wire/events.gen.js';
import { WIRE_HASH } from '../wire/events.gen.js';

const EXIT_VIOLATIONS = 1;
const EXIT_NOT_ASSESSABLE = 3;

interface Outcome {
  readonly judge: Judge;
  readonly violations: number;
  readonly truncated: number;
}

async function judgeTrace(
  path: string,
  config: JudgeConfig,
  onViolation: (v: Violation) => void,
  each?: (e: KernelEvent, judge: Judge) => void,
): Promise<Outcome> {
  const source = await RecordFileSource.open(path, WIRE_HASH, wholeRecords);
  let violations = 0;
  const options = {
    rules: RULES,
    ...config,
    onViolation: (v: Violation) => {
      violations++;
      onViolation(v);
    },
  };
  const judge = new Judge(options, NO_OBSERVER);
  const before = each && ((e: KernelEvent) => each(e, judge));
  for (let batch = await source.next(); batch; batch = await source.next()) judge.feed(batch, before);
  await source.close();
  return { judge, violations, truncated: source.truncated };
}

/** Why the absence of violations proves nothing, or undefined. */
function notAssessable({ judge, truncated }: Outcome): string | undefined {
  const lost = (judge.world.lost[0] ?? 0) + (judge.world.lost[1] ?? 0);
  if (lost > 0) return `${lost} records were lost while recording`;
  if (truncated > 0) return `the last ${truncated} bytes are no whole record (truncated or damaged)`;
  if (judge.events === 0) return 'the trace holds no records';
  return undefined;
}

export function violationLine(v: Violation): string {
  const who = v.device ? `${v.device} in ${v.state}` : 'host';
  return `${v.severity.padEnd(8)} ${v.rule} (${v.reason}) ${who}: ${v.statement}`;
}

/** `migwatch replay TRACE`: 0 none observed, 1 violations, 3 not assessable. */
export async function replayCommand(
  path: string,
  format: ReplayFormat,
  config: JudgeConfig,
): Promise<number> {
  const line = format === 'jsonl' ? violationJson : violationLine;
  const outcome = await judgeTrace(path, config, (v) => process.stdout.write(`${line(v)}\n`));
  const why = notAssessable(outcome);
  const active = RULES.length;
  const summary = outcome.violations
    ? `${outcome.violations} violations observed`
    : why
      ? `not assessable: ${why}`
      : 'no violation observed';
  process.stderr.write(
    `${summary} (${outcome.judge.events} events, ${active} rules${why ? `; ${why}` : ''})\n`,
  );
  if (outcome.violations) return EXIT_VIOLATIONS;
  return why ? EXIT_NOT_ASSESSABLE : 0;
}

/** `migwatch print TRACE`: the timeline, each violation under the event that showed it. */
export async function printCommand(path: string, config: JudgeConfig): Promise<number> {
  const outcome = await judgeTrace(
    path,
    config,
    (v) => process.stdout.write(`             └─ ${violationLine(v)}\n`),
    (e, judge) => process.stdout.write(`${formatEvent(e, judge.world)}\n`),
  );
  if (outcome.truncated) process.stderr.write(`migwatch: ${path}: ${notAssessable(outcome)}\n`);
  return 0;
}
