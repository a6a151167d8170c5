// SPDX-License-Identifier: Apache-2.0

import { type RulesFormat, UsageError } from '../config.js';
import { ALL_RULES } from '../rules/index.js';
import { indexMarkdown, ruleJson, ruleMarkdown, ruleText, tableText } from './rule_page.js';

function render(id: string | undefined, format: RulesFormat): string {
  const found = id === undefined ? undefined : ALL_RULES.find((r) => r.id === id);
  if (id !== undefined && !found)
    throw new UsageError(`no rule is called ${id}; \`migwatch rules\` lists them`);
  switch (format) {
    case 'text':
      return found ? ruleText(found) : tableText();
    case 'markdown':
      return found ? ruleMarkdown(found) : indexMarkdown();
    case 'json':
      return `${JSON.stringify(found ? ruleJson(found) : ALL_RULES.map(ruleJson), undefined, 2)}\n`;
    default:
      return format satisfies never;
  }
}

/** `migwatch rules [ID]`: the table, or one rule in full. */
export function rulesCommand(id: string | undefined, format: RulesFormat): number {
  process.stdout.write(render(id, format));
  return 0;
}
