// SPDX-License-Identifier: Apache-2.0
import type { Filter, Judges, ReplayFormat } from '../config.js';
import { violationJson } from '../export/violation_json.js';
import { judgeTrace } from './judge_trace.js';
import { replayHosts } from './replay_hosts.js';
import { conclude, reportRepeats, violationLine } from './verdict.js';

/** `migwatch replay TRACE...`: 0 none observed, 1 violations, 3 not assessable. */
export async function replayCommand(
  paths: readonly string[],
  format: ReplayFormat,
  judges: Judges,
  filter: Filter,
): Promise<number> {
  const [path, ...more] = paths;
  if (path === undefined || more.length > 0) return replayHosts(paths, format, judges, filter);
  const line = format === 'jsonl' ? violationJson : violationLine;
  const outcome = await judgeTrace(path, judges, filter, {
    violation: (v, capture) => process.stdout.write(`${line(v, capture)}\n`),
  });
  reportRepeats(outcome.judge);
  return conclude([outcome]);
}
