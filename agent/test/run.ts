// SPDX-License-Identifier: Apache-2.0
/** Judging a scenario, and what tests ask of the result. */

import { Judge } from '../src/judge.js';
import { NO_OBSERVER, type Observer } from '../src/model/world.js';
import { NOWHERE, type Origin, type Violation } from '../src/rules/finding.js';
import { RULES } from '../src/rules/index.js';
import { DEFAULT_LIMITS, type Limits } from '../src/rules/limits.js';
import { type DeviceOverrides, type Overrides, Policy } from '../src/rules/policy.js';
import type { Profile, Rule } from '../src/rules/rule.js';
import type { KernelEvent } from '../src/wire/events.gen.js';
import { scenario } from './scenario.js';

export interface Options {
  readonly profile?: Profile;
  readonly rules?: readonly Rule[];
  readonly limits?: Partial<Limits>;
  readonly overrides?: Overrides;
  readonly devices?: readonly DeviceOverrides[];
  readonly observer?: Observer;
  readonly origin?: Origin;
  readonly preamble?: boolean;
  readonly base?: bigint;
}

export interface Result {
  readonly judge: Judge;
  readonly violations: readonly Violation[];
}

function judgeFor(options: Options, violations: Violation[]): Judge {
  const { profile = 'uapi', rules = RULES, observer = NO_OBSERVER, overrides = {}, devices = [] } = options;
  const { origin = NOWHERE } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const policy = new Policy({ profile, rules, limits, overrides, devices });
  const onViolation = (v: Violation) => violations.push(v);
  return new Judge({ policy, origin, onViolation }, observer);
}

/** Judges batches as they are; `after` sees each event when it has been folded. */
export function judgeBatches(
  batches: Iterable<Uint8Array>,
  options: Options = {},
  after?: (e: KernelEvent, judge: Judge) => void,
): Result {
  const violations: Violation[] = [];
  const judge = judgeFor(options, violations);
  for (const batch of batches) judge.feed(batch, undefined, after && ((e) => after(e, judge)));
  judge.finish();
  return { judge, violations };
}

export function judged(text: string, options: Options = {}): Result {
  return judgeBatches([Buffer.concat(scenario(text, options))], options);
}

const brief = (v: Violation) => `${v.rule} ${v.reason} ${v.severity}`;

/** Every finding as `rule reason severity`. */
export function findings(text: string, options: Options = {}): string[] {
  return judged(text, options).violations.map(brief);
}

/** What one rule answered, in order: `kept`, `unknown`, `reason severity`; silence is not listed. */
export function verdicts(id: string, text: string, options: Options = {}): string[] {
  const rules = RULES.filter((rule) => rule.id === id);
  if (rules.length === 0) throw new Error(`no rule ${id}`);
  const judge = judgeFor({ ...options, rules }, []);
  const out: string[] = [];
  const records = scenario(text, options).map((record) => () => judge.feed(record));
  for (const step of [...records, () => judge.finish()]) {
    const before = { ...judge.engine.tallies.get(id) };
    const counts = new Map([...judge.engine.findings].map(([key, f]) => [key, f.count]));
    step();
    const after = { ...judge.engine.tallies.get(id) };
    for (const answer of ['kept', 'unknown'] as const)
      for (let n = before[answer] ?? 0; n < (after[answer] ?? 0); n++) out.push(answer);
    for (const [key, f] of judge.engine.findings)
      if (counts.get(key) !== f.count) out.push(`${f.violation.reason} ${f.violation.severity}`);
  }
  return out;
}
