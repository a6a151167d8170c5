// SPDX-License-Identifier: Apache-2.0

import { globMatcher } from '../config/glob.js';
import { type Filter, UsageError } from '../config.js';
import type { Violation } from '../rules/finding.js';
import { ALL_RULES } from '../rules/index.js';

export interface Shown {
  violation(v: Violation): boolean;
  /** Of an event's device; undefined where it has none. */
  device(name: string | undefined): boolean;
}

/**
 * What of the whole judgement is shown. Findings about the host (a loss, a
 * missing probe) bear on every device: no `--device` hides them.
 */
export function shown({ rules, device }: Filter): Shown {
  const unknown = rules?.find((id) => !ALL_RULES.some((r) => r.id === id));
  if (unknown !== undefined)
    throw new UsageError(`--rules: no rule is called ${unknown}; \`migwatch rules\` lists them`);
  const matches = device === undefined ? () => true : globMatcher(device);
  return {
    violation: (v) => (rules?.includes(v.rule) ?? true) && (v.device === '' || matches(v.device)),
    device: (name) => name === undefined || matches(name),
  };
}
