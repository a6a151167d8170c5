// SPDX-License-Identifier: Apache-2.0
import type { Filter, Judges, ReplayFormat } from '../config.js';
import { Hosts } from './join_hosts.js';
import { judgeTrace, type Outcome } from './judge_trace.js';
import { printerFor } from './printers.js';
import { conclude, reportRepeats } from './verdict.js';

/** `migwatch replay TRACE...`: 0 none observed, 1 violations, 3 not assessable. */
export async function replayCommand(
  paths: readonly string[],
  format: ReplayFormat,
  judges: Judges,
  filter: Filter,
): Promise<number> {
  const printer = printerFor(format, judges[0].profile, paths.length > 1);
  const hosts = paths.length > 1 ? new Hosts() : undefined;
  const outcomes: Outcome[] = [];
  for (const path of paths) {
    const outcome = await judgeTrace(path, judges, filter, {
      opened: (origin, judge) => {
        hosts?.open(path, origin, judge);
        process.stdout.write(printer.trace(path, origin.env.host ?? ''));
      },
      violation: (v, capture) => process.stdout.write(printer.violation(v, capture)),
      ...(hosts && { any: hosts.after }),
    });
    hosts?.close(path);
    process.stdout.write(printer.outcome(outcome));
    reportRepeats(outcome.judge);
    outcomes.push(outcome);
  }
  const joined = hosts?.join(judges, filter, printer);
  process.stdout.write(printer.end());
  return conclude(outcomes, joined);
}
