// SPDX-License-Identifier: Apache-2.0
/** Traces of several hosts judged together: each by itself, then what their migrations have in common. */
import { type Filter, type Judges, UsageError } from '../config.js';
import { aloneJson, migrationJson } from '../export/migration_json.js';
import { aloneText, migrationText } from '../export/migration_text.js';
import { violationJson } from '../export/violation_json.js';
import { type Half, Halves, type Host } from '../join/half.js';
import { judgeMigration } from '../join/judge.js';
import { join } from '../join/pairing.js';
import type { Violation } from '../rules/finding.js';
import { JOINT_RULES, RULES } from '../rules/index.js';
import { Policy } from '../rules/policy.js';
import type { TraceOrigin } from '../trace/metadata.js';
import { madeOn } from '../trace_format.js';
import { shown } from './filter.js';
import { judgeTrace, type Outcome } from './judge_trace.js';
import { conclude, reportRepeats, violationLine } from './verdict.js';

/** What differs between the formats. */
interface Printer {
  host(name: string, path: string): string;
  violation(v: Violation, capture?: string): string;
  readonly migration: typeof migrationText;
  readonly alone: typeof aloneText;
}

const TEXT: Printer = {
  host: (name, path) => `${name}: ${path}\n`,
  violation: (v) => `  ${violationLine(v)}\n`,
  migration: migrationText,
  alone: aloneText,
};
const JSONL: Printer = {
  host: () => '',
  violation: (v, capture) => `${violationJson(v, capture)}\n`,
  migration: migrationJson,
  alone: aloneJson,
};

function hostOf({ env, uuid, clockOffset, clockError }: TraceOrigin): Host {
  const origin = madeOn(env);
  const error = clockError === undefined ? undefined : Number(clockError);
  const boot_id = origin.boot_id || uuid;
  return { origin: { ...origin, boot_id }, clockOffset, clockError: error };
}

/** `migwatch replay TRACE TRACE...` */
export async function replayHosts(
  paths: readonly string[],
  format: 'text' | 'jsonl',
  judges: Judges,
  filter: Filter,
): Promise<number> {
  const printer = format === 'jsonl' ? JSONL : TEXT;
  const write = (text: string) => process.stdout.write(text);
  const halves: Half[] = [];
  const outcomes: Outcome[] = [];
  const traces = new Set<string>();
  for (const path of paths) {
    let collected: Halves | undefined;
    const outcome = await judgeTrace(path, judges, filter, {
      opened: (origin, judge) => {
        if (traces.has(origin.uuid)) throw new UsageError(`${path}: this trace is named twice`);
        traces.add(origin.uuid);
        const host = hostOf(origin);
        collected = new Halves(host, judge.world);
        write(printer.host(host.origin.host, path));
      },
      violation: (v, capture) => write(printer.violation(v, capture)),
      any: (e) => collected?.after(e),
    });
    collected?.finish();
    halves.push(...(collected?.found ?? []));
    if (collected?.left)
      process.stderr.write(`migwatch: ${path}: ${collected.left} more data sessions than can be joined\n`);
    reportRepeats(outcome.judge);
    outcomes.push(outcome);
  }
  const found = joinAll(halves, judges, filter, printer, write);
  return conclude(outcomes, found);
}

/** Prints what the hosts have in common; how many violations that came to. */
function joinAll(
  halves: readonly Half[],
  judges: Judges,
  filter: Filter,
  printer: Printer,
  write: (text: string) => void,
): number {
  const policy = new Policy({ ...judges[0], rules: [...RULES, ...JOINT_RULES] });
  const show = shown(filter);
  const { migrations, alone } = join(halves);
  let found = 0;
  for (const m of migrations) {
    if (!m.pairs.some((p) => show.device(p.source.device) || show.device(p.destination.device))) continue;
    const verdicts = judgeMigration(m, policy);
    write(`${printer.migration(m, verdicts)}\n`);
    for (const { violation } of verdicts) {
      if (!violation || !show.violation(violation)) continue;
      found++;
      write(printer.violation(violation));
    }
  }
  for (const half of alone) if (show.device(half.device)) write(`${printer.alone(half)}\n`);
  process.stderr.write(
    `${migrations.length} migrations joined, ${alone.length} halves without their other\n`,
  );
  return found;
}
