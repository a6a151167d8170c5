// SPDX-License-Identifier: Apache-2.0
/** The keys of the configuration file: made from the flags, the limits and the rules. */
import type { Options } from 'yargs';
import { ALL_RULES } from '../rules/index.js';
import { LIMIT_KEYS, LIMITS, type LimitKey, limitName, limitsOf } from '../rules/limits.js';
import { DEFAULT_UNROUTABLE } from '../rules/routing.js';
import { SEVERITIES } from '../rules/rule.js';
import { formatDuration } from './duration.js';
import { JUDGE_FLAGS, RUN_FLAGS } from './flags.js';
import { type Mapping, type Shape, schemaOf } from './shape.js';

/** Flags that the file has in another form, or that only make sense on the command line. */
const NOT_IN_FILE = new Set(['config.file', 'config.check', 'blackout.budget-ms']);

export const FILE_FLAGS: readonly [string, Options][] = Object.entries<Options>({
  ...JUDGE_FLAGS,
  ...RUN_FLAGS,
}).filter(([flag]) => !NOT_IN_FILE.has(flag));

function flagShape({ choices, type, array, default: standard, describe }: Options): Shape {
  const means = describe ? { means: describe } : {};
  if (choices) {
    const common = { kind: 'choice', values: choices.map(String), ...means } as const;
    return standard === undefined ? common : { ...common, default: String(standard) };
  }
  if (array) return { kind: 'list', of: { kind: 'text' }, ...means };
  if (type === 'number') return { kind: 'integer', ...means, ...(standard ? { default: standard } : {}) };
  if (type === 'boolean') return { kind: 'boolean', ...means };
  return { kind: 'text', ...means, ...(standard ? { default: standard } : {}) };
}

/** `web.listen-address` stands in `web`. */
function flagShapes(): Record<string, Shape> {
  const out: Record<string, Shape> = {};
  for (const [flag, options] of FILE_FLAGS) {
    const [first = '', ...rest] = flag.split('.');
    const inner = rest.join('.');
    if (!inner) out[first] = flagShape(options);
    else {
      const known = out[first];
      const keys = known?.kind === 'mapping' ? known.keys : {};
      out[first] = { kind: 'mapping', keys: { ...keys, [inner]: flagShape(options) } };
    }
  }
  return out;
}

function limitShape(keys: readonly LimitKey[], means: string): Mapping {
  const shape = (key: LimitKey): Shape => ({
    kind: 'duration',
    means: LIMITS[key].means,
    default: formatDuration(LIMITS[key].ns),
  });
  const pairs = keys.map((key): [string, Shape] => [limitName(key), shape(key)]);
  return { kind: 'mapping', means, keys: Object.fromEntries(pairs) };
}

const LIMITS_SHAPE: Mapping = {
  ...limitShape(LIMIT_KEYS, 'Figures for every rule that uses them.'),
  name: 'limits',
};

function ruleShape(id: string, statement: string): Shape {
  const severity: Shape = {
    kind: 'choice',
    values: SEVERITIES,
    means: 'In place of whatever severity the rule gives its findings.',
  };
  const used = limitsOf(id);
  const limits = used.length ? { limits: limitShape(used, 'Figures for this rule alone.') } : {};
  const mapping: Mapping = { kind: 'mapping', keys: { severity, ...limits } };
  return { kind: 'word-or', words: ['off', 'on'], mapping, means: statement };
}

const RULES_SHAPE: Mapping = {
  kind: 'mapping',
  name: 'rules',
  means: 'By rule id: off, on, or what differs. A rule that is off is not judged and does not count as kept.',
  keys: Object.fromEntries(ALL_RULES.map((r) => [r.id, ruleShape(r.id, r.statement)])),
};

const DEVICES_SHAPE: Shape = {
  kind: 'list',
  means: 'What differs for some devices. Of two entries that match a device the later wins.',
  of: {
    kind: 'mapping',
    anyOf: ['device', 'driver'],
    keys: {
      device: { kind: 'text', means: 'Full BDF or mdev UUID; * stands for any characters, ? for one.' },
      driver: { kind: 'text', means: 'The VFIO driver; - and _ are the same.' },
      limits: LIMITS_SHAPE,
      rules: RULES_SHAPE,
    },
  },
};

const P2P_SHAPE: Shape = {
  kind: 'mapping',
  keys: {
    unroutable: {
      kind: 'list',
      of: {
        kind: 'text',
        form: { pattern: '^\\S+( \\S+)?$', expected: 'a driver, or two device names with a space between' },
      },
      means: `Between which devices no P2P DMA is routed: a driver, or the names of two devices with a space between. In place of the default, ${DEFAULT_UNROUTABLE.join(', ')}.`,
    },
  },
};

/** The whole file. */
export const FILE_SHAPE: Mapping = {
  kind: 'mapping',
  keys: { ...flagShapes(), limits: LIMITS_SHAPE, p2p: P2P_SHAPE, rules: RULES_SHAPE, devices: DEVICES_SHAPE },
};

/** The published JSON Schema. */
export function configSchema(): object {
  const defs = {};
  const file = schemaOf(FILE_SHAPE, defs);
  const $schema = 'https://json-schema.org/draft/2020-12/schema';
  return { $schema, title: 'migwatch configuration', ...file, $defs: defs };
}
