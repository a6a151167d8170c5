// SPDX-License-Identifier: Apache-2.0
import type { Filter, Judges } from '../config.js';
import { paintFor } from '../export/colour.js';
import { formatEvent } from '../export/timeline.js';
import { follow } from './follow.js';
import { judgeTrace, reportDamages } from './judge_trace.js';
import { violationLine } from './verdict.js';

/** `migwatch print TRACE`: the timeline, each violation under the event that showed it. */
export async function printCommand(
  path: string,
  following: boolean,
  judges: Judges,
  filter: Filter,
): Promise<number> {
  const paint = paintFor(process.stdout.isTTY, process.env);
  const stopped = new AbortController();
  if (following) process.once('SIGINT', () => stopped.abort());
  const outcome = await judgeTrace(
    path,
    judges,
    filter,
    {
      before: (e, judge) => process.stdout.write(`${paint.event(formatEvent(e, judge.world))}\n`),
      violation: (v) =>
        process.stdout.write(`${paint.finding(v.severity, `             └─ ${violationLine(v)}`)}\n`),
    },
    following ? (folder) => follow(folder, stopped.signal) : undefined,
  );
  reportDamages(outcome.damages);
  return 0;
}
