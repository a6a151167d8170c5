// SPDX-License-Identifier: Apache-2.0
import type { Filter, Judges } from '../config.js';
import { formatEvent } from '../export/timeline.js';
import { judgeTrace, reportDamages } from './judge_trace.js';
import { violationLine } from './verdict.js';

/** `migwatch print TRACE`: the timeline, each violation under the event that showed it. */
export async function printCommand(path: string, judges: Judges, filter: Filter): Promise<number> {
  const outcome = await judgeTrace(path, judges, filter, {
    before: (e, judge) => process.stdout.write(`${formatEvent(e, judge.world)}\n`),
    violation: (v) => process.stdout.write(`             └─ ${violationLine(v)}\n`),
  });
  reportDamages(outcome.damages);
  return 0;
}
