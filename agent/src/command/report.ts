// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { type Filter, type Judges, UsageError } from '../config.js';
import { RINGS } from '../export/host_series.js';
import { Collector } from '../export/report/collector.js';
import { type ReportFacts, reportHtml } from '../export/report/document.js';
import { coverage } from '../model/coverage.js';
import type { Violation } from '../rules/finding.js';
import { conclusion, judgeTrace, notAssessable, type Outcome, reportDamages, total } from './judge_trace.js';

/** Findings on the page; a finding with its evidence is up to 15 kB. */
const MAX_FINDINGS = 1_000;
/** Of these, so many with the events before them. */
const MAX_CONTEXTS = 100;

const iso = (ns: bigint) => new Date(Number(ns / 1_000_000n)).toISOString();

/** Findings of one key are one; how often it happened, the engine counted. */
function counted(found: readonly Violation[], { judge }: Outcome) {
  const key = (v: Pick<Violation, 'rule' | 'reason' | 'device' | 'at_ns'>) =>
    `${v.rule}|${v.reason}|${v.device}|${v.at_ns}`;
  const counts = new Map([...judge.engine.findings.values()].map((f) => [key(f.violation), f.count]));
  // Some waited for an explanation, and came later than others after them.
  const inTime = [...found].sort((a, b) => (BigInt(a.at_ns) < BigInt(b.at_ns) ? -1 : 1));
  return inTime.map((violation) => ({ violation, count: counts.get(key(violation)) ?? 1 }));
}

function facts(
  outcome: Outcome,
  found: readonly Violation[],
  collector: Collector,
  judgedBy: string,
): ReportFacts {
  const { judge, origin, folder, damages, violations, proven } = outcome;
  const { world } = judge;
  const why = notAssessable(outcome);
  const wall = world.base + origin.clockOffset;
  return {
    title: basename(resolve(folder)),
    verdict: conclusion(outcome),
    outcome: proven ? 1 : why ? 3 : 0,
    env: origin.env,
    begin: judge.events ? iso(wall) : '',
    end: judge.events ? iso(wall + BigInt(Math.trunc(world.now))) : '',
    length: world.now,
    events: judge.events,
    judgedBy,
    lost: RINGS.map((ring, n) => [ring, world.lost[n] ?? 0] as const),
    damages: damages.map((d) => `${d.file} at ${d.offset}: ${d.what}`),
    coverage: coverage(world.probes, collector.drivers.values()),
    tallies: judge.engine.tallies,
    base: world.base,
    findings: counted(found, outcome),
    more: total(violations) - found.length,
  };
}

/** `migwatch report TRACE -o FILE`. */
export async function reportCommand(
  path: string,
  output: string,
  judges: Judges,
  filter: Filter,
): Promise<number> {
  const found: Violation[] = [];
  let collector: Collector | undefined;
  const outcome = await judgeTrace(path, judges, filter, {
    violation: (v) => {
      if (found.length < MAX_FINDINGS) found.push(found.length < MAX_CONTEXTS ? v : { ...v, context: [] });
    },
    after: (e, judge) => {
      collector ??= new Collector(judge.world);
      collector.after(e);
    },
  });
  reportDamages(outcome.damages);
  collector ??= new Collector(outcome.judge.world);
  const drawn = collector.finish();
  const page = reportHtml(facts(outcome, found, collector, `profile ${judges[0].profile}`), drawn);
  try {
    writeFileSync(output, page);
  } catch (err) {
    throw new UsageError(`--output=${output}: ${(err as Error).message}`);
  }
  const kib = Math.ceil(Buffer.byteLength(page) / 1024);
  process.stderr.write(
    `${output}: ${outcome.judge.events} events, ${total(outcome.violations)} findings, ${kib} KiB\n`,
  );
  return 0;
}
