// SPDX-License-Identifier: Apache-2.0
/** From flags and file to the policy that findings are judged by. */
import { createHash } from 'node:crypto';
import { DEFAULT_LIMITS, LIMIT_KEYS, type Limits, limitName } from '../rules/limits.js';
import type { PolicyOptions } from '../rules/policy.js';
import { DEFAULT_UNROUTABLE, Routing } from '../rules/routing.js';
import type { Profile } from '../rules/rule.js';
import type { Value } from './document.js';
import { formatDuration } from './duration.js';
import type { Settings } from './file.js';
import { UsageError } from './usage.js';

const ID_DIGITS = 16;

/** All that a policy needs but for the rules, and how it reads. */
export interface JudgeConfig extends Omit<PolicyOptions, 'rules'> {
  readonly id: string;
  /** What is in force, in the form of the file, every limit spelt out. */
  readonly effective: Value;
}

export interface JudgeArgs {
  readonly profile: Profile;
  readonly 'blackout.budget-ms': number | undefined;
}

function milliseconds(flag: string, ms: number): number {
  if (Number.isFinite(ms) && ms > 0) return ms * 1e6;
  throw new UsageError(`--${flag}=${ms}: expected a number of milliseconds above 0`);
}

/** The same value, keys in order, so that equal settings have one text. */
function ordered(v: Value): Value {
  if (typeof v !== 'object') return v;
  if (Array.isArray(v)) return v.map(ordered);
  const pairs = Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(pairs.map(([key, value]) => [key, ordered(value)]));
}

/** Durations are ns here; people read units. */
function readable(v: Value): Value {
  if (typeof v === 'number') return formatDuration(v);
  if (typeof v !== 'object') return v;
  if (Array.isArray(v)) return v.map(readable);
  return Object.fromEntries(Object.entries(v).map(([key, value]) => [key, readable(value)]));
}

export function judgeConfig(args: JudgeArgs, settings: Settings | undefined): JudgeConfig {
  const budget = args['blackout.budget-ms'];
  const flagged = budget === undefined ? {} : { blackoutBudget: milliseconds('blackout.budget-ms', budget) };
  const overrides = settings?.overrides ?? {};
  const { rules = {}, devices = [], p2p = {} } = (settings?.judging ?? {}) as Record<string, Value>;
  const { unroutable = DEFAULT_UNROUTABLE } = p2p as { unroutable?: readonly string[] };
  const routing = new Routing(unroutable);
  const limits: Limits = { ...DEFAULT_LIMITS, ...overrides.limits, ...flagged, routing };
  const spelt = Object.fromEntries(LIMIT_KEYS.map((key) => [limitName(key), limits[key]]));
  const effective = ordered({ profile: args.profile, limits: spelt, p2p: { unroutable }, rules, devices });
  const id = createHash('sha256').update(JSON.stringify(effective)).digest('hex').slice(0, ID_DIGITS);
  return {
    id,
    profile: args.profile,
    limits,
    overrides: { rules: overrides.rules ?? {} },
    devices: settings?.devices ?? [],
    effective: readable(effective),
  };
}
