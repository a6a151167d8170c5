// SPDX-License-Identifier: Apache-2.0
/** Reads a configuration file into flags and overrides. */
import { readFileSync } from 'node:fs';
import { LIMIT_KEYS, type Limits, limitName } from '../rules/limits.js';
import type { DeviceOverrides, Override, Overrides } from '../rules/policy.js';
import type { Severity } from '../rules/rule.js';
import { readYaml, type Value } from './document.js';
import { globMatcher } from './glob.js';
import { FILE_FLAGS, FILE_SHAPE } from './keys.js';
import { UsageError } from './usage.js';

const MAX_BYTES = 1 << 20;
const MAX_COMPLAINTS = 10;

export interface Settings {
  /** By flag name, without dashes. */
  readonly flags: Readonly<Record<string, Value>>;
  readonly overrides: Overrides;
  readonly devices: readonly DeviceOverrides[];
  /** What of it bears on judging, as the file has it: for its hash and for people. */
  readonly judging: Value;
}

type Fields = Readonly<Record<string, Value>>;
const fields = (v: Value | undefined): Fields => (v ?? {}) as Fields;

function limitsOf(v: Value | undefined): Partial<Limits> {
  const given = fields(v);
  const known = LIMIT_KEYS.filter((key) => given[limitName(key)] !== undefined);
  return Object.fromEntries(known.map((key) => [key, given[limitName(key)]]));
}

function overrideOf(v: Value): Override {
  if (typeof v === 'string') return { on: v === 'on' };
  const { severity, limits } = fields(v);
  return {
    ...(severity ? { severity: severity as Severity } : {}),
    ...(limits ? { limits: limitsOf(limits) } : {}),
  };
}

function overridesOf(v: Fields): Overrides {
  const rules = Object.entries(fields(v.rules)).map(([id, value]) => [id, overrideOf(value)]);
  return { limits: limitsOf(v.limits), rules: Object.fromEntries(rules) };
}

const sameDriver = (name: string) => name.replaceAll('-', '_');

function deviceOverrides(v: Fields): DeviceOverrides {
  const matches = v.device === undefined ? () => true : globMatcher(String(v.device));
  const driver = v.driver === undefined ? undefined : sameDriver(String(v.driver));
  return {
    ...overridesOf(v),
    matches: (s) => matches(s.name) && (driver === undefined || sameDriver(s.driver) === driver),
  };
}

function flagsOf(value: Fields): Record<string, Value> {
  const out: Record<string, Value> = {};
  for (const [flag] of FILE_FLAGS) {
    const [first = '', ...rest] = flag.split('.');
    const given = rest.length ? fields(value[first])[rest.join('.')] : value[first];
    if (given !== undefined) out[flag] = given;
  }
  return out;
}

/** Throws UsageError: one line a mistake, each with path, line and column. */
export function parseSettings(path: string, text: string): Settings {
  const { value, complaints } = readYaml(text, FILE_SHAPE);
  if (complaints.length > 0) {
    const shown = complaints.slice(0, MAX_COMPLAINTS);
    const more = complaints.length - shown.length;
    const lines = shown.map((c) => `${path}:${c.line}:${c.column}: ${c.message}`);
    throw new UsageError([...lines, ...(more ? [`${path}: and ${more} more`] : [])].join('\n'));
  }
  const all = fields(value);
  const { limits = {}, p2p = {}, rules = {}, devices = [] } = all;
  return {
    flags: flagsOf(all),
    overrides: overridesOf(all),
    devices: (devices as readonly Value[]).map((d) => deviceOverrides(fields(d))),
    judging: { limits, p2p, rules, devices },
  };
}

/** Throws UsageError naming the file. */
export function readSettings(path: string): Settings {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (err) {
    throw new UsageError(`--config.file=${path}: ${(err as Error).message}`);
  }
  if (bytes.length > MAX_BYTES) throw new UsageError(`${path}: larger than 1 MiB: not a configuration file`);
  try {
    return parseSettings(path, new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (err) {
    if (err instanceof UsageError) throw err;
    throw new UsageError(`${path}: not UTF-8 text`);
  }
}
