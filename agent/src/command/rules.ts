// SPDX-License-Identifier: Apache-2.0

import { UsageError } from '../config.js';
import { RULES } from '../rules/index.js';
import type { Rule } from '../rules/rule.js';

function table(): string {
  const width = Math.max(...RULES.map((r) => r.id.length));
  return RULES.map((r) => `${r.id.padEnd(width)}  ${r.norm}  ${r.party.padEnd(6)}  ${r.statement}\n`).join(
    '',
  );
}

function explain(r: Rule): string {
  const rows: [string, string][] = [
    ['rule', `${r.id} (version ${r.version})`],
    ['statement', r.statement],
    ['says', `"${r.says}"`],
    ['where', r.where],
    ['norm', r.norm],
    ['party', r.party],
    ['severity', r.severities.join(', ')],
    ['needs', r.needs.join(', ') || 'nothing'],
    ['decides', r.decides],
    ['benign', r.benign],
    ['what to do', r.action],
  ];
  return rows.map(([k, v]) => `${k.padEnd(10)}  ${v}\n`).join('');
}

/** `migwatch rules [ID]`: the table, or one rule in full. */
export function rulesCommand(id: string | undefined): number {
  if (id === undefined) {
    process.stdout.write(table());
    return 0;
  }
  const found = RULES.find((r) => r.id === id);
  if (!found) throw new UsageError(`no rule is called ${id}; \`migwatch rules\` lists them`);
  process.stdout.write(explain(found));
  return 0;
}
