// SPDX-License-Identifier: Apache-2.0
/** One rule in full, as data, text and Markdown: for `migwatch rules` and docs/rules/. */
import { formatDuration } from '../config/duration.js';
import { ALL_RULES, JOINT_RULES, RULES } from '../rules/index.js';
import { LIMITS, limitName, limitsOf } from '../rules/limits.js';
import { causesOf } from '../rules/precedence.js';
import { authority, type Norm, type Rule } from '../rules/rule.js';

const NORMS: Record<Norm, string> = {
  N1: 'merged uAPI text',
  N2: 'merged kernel code',
  N3: 'mail or unmerged document; advisory in profile uapi, and at most a warning',
  N4: 'operation',
};

/** Of a rule that no record of one host brings up. */
const JOINED = 'traces of both hosts, replayed together';

const limits = (r: Rule) =>
  limitsOf(r.id).map((key) => ({
    name: limitName(key),
    default: formatDuration(LIMITS[key].ns),
    means: LIMITS[key].means,
  }));

/** Rules that give way to this one where both have one cause. */
const explains = (r: Rule): string[] => RULES.filter((o) => explainedBy(o).includes(r.id)).map((o) => o.id);

/** ... and those that this one gives way to, by the same event or some time apart. */
const explainedBy = (r: Rule): string[] => [...new Set([...r.yieldsTo, ...causesOf(r.id)])];

/** All of it, for scripts; the same names as in a violation where both have it. */
export function ruleJson(r: Rule): Record<string, unknown> {
  return {
    rule: r.id,
    rule_version: r.version,
    statement: r.statement,
    says: r.says ?? null,
    basis: r.basis ?? null,
    where: r.where,
    norm: r.norm,
    party: r.party,
    scope: r.scope,
    severities: r.severities,
    needs: r.needs,
    judged_on: r.on,
    yields_to: explainedBy(r),
    explains: explains(r),
    limits: limits(r),
    decides: r.decides,
    benign: r.benign,
    action: r.action,
  };
}

/** For the API: what ruleJson says of the rule called so. */
export function ruleById(id: string): Record<string, unknown> | undefined {
  const rule = ALL_RULES.find((r) => r.id === id);
  return rule && ruleJson(rule);
}

/** For the page: what ruleText says of it. */
export function ruleTextById(id: string): string | undefined {
  const rule = ALL_RULES.find((r) => r.id === id);
  return rule && ruleText(rule);
}

export function ruleText(r: Rule): string {
  const rows: [string, string][] = [
    ['rule', `${r.id} (version ${r.version})`],
    ['statement', r.statement],
    [r.says === undefined ? 'basis' : 'says', authority(r)],
    ['where', r.where],
    ['norm', `${r.norm}: ${NORMS[r.norm]}`],
    ['party', r.party],
    ['scope', r.scope],
    ['severity', r.severities.join(', ')],
    ['needs', r.needs.join(', ') || 'nothing'],
    ['judged on', r.on.join(', ') || JOINED],
    ['decides', r.decides],
    ['benign', r.benign],
    ['what to do', r.action],
  ];
  for (const l of limits(r)) rows.push(['limit', `${l.name} (${l.default}): ${l.means}`]);
  if (explainedBy(r).length) rows.push(['yields to', explainedBy(r).join(', ')]);
  if (explains(r).length) rows.push(['explains', explains(r).join(', ')]);
  return rows.map(([k, v]) => `${k.padEnd(10)}  ${v}\n`).join('');
}

const link = (id: string) => `[\`${id}\`](${id}.md)`;

/** Names of rules become links, except that of the page itself. */
function linked(text: string, own: string): string {
  return text.replace(/\b[a-z0-9]+(?:-[a-z0-9]+)+\b/g, (word) =>
    word !== own && ALL_RULES.some((r) => r.id === word) ? link(word) : word,
  );
}

const cell = (text: string): string => text.replaceAll('|', '\\|');
const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |\n`;

/** A page of docs/rules/. */
export function ruleMarkdown(r: Rule): string {
  const facts = r.needs.map((f) => `\`${f}\``).join(', ') || 'nothing';
  const parts = [
    `<!-- Made by \`make docs\` from agent/src/rules/${r.id}.ts. -->`,
    `# ${r.id}`,
    r.statement,
    row(['norm', 'who', 'scope', 'severity', 'needs']) +
      '|---|---|---|---|---|\n' +
      row([`${r.norm}: ${NORMS[r.norm]}`, r.party, r.scope, r.severities.join(', '), facts]).trimEnd(),
    '## Authority',
    r.says === undefined ? `In our words: ${r.basis}.` : `> ${r.says}`,
    r.where,
    '## How it decides',
    linked(r.decides, r.id),
    `Judged on: ${r.on.map((kind) => `\`${kind}\``).join(', ') || JOINED}.`,
  ];
  if (limits(r).length) {
    const rows = limits(r).map((l) => row([`\`${l.name}\``, l.default, l.means]));
    parts.push(`| limit | default | meaning |\n|---|---|---|\n${rows.join('').trimEnd()}`);
  }
  parts.push('## When it is benign', linked(r.benign, r.id), '## What to do', linked(r.action, r.id));
  const near = [
    ...explainedBy(r).map((id) => `${link(id)} explains this one: of one cause only that is reported.`),
    ...explains(r).map((id) => `${link(id)} is not reported where this one has the same cause.`),
  ];
  if (near.length) parts.push('## Beside it', near.map((line) => `* ${line}`).join('\n'));
  parts.push(
    '[All rules](README.md) · [the contract](../contract.md) · [configuration](../configuration.md)',
  );
  return `${parts.join('\n\n')}\n`;
}

/** The index of docs/rules/. */
export function indexMarkdown(): string {
  const rows = RULES.map((r) =>
    row([link(r.id), r.statement, r.norm, r.party, r.scope, r.severities.join(', ')]),
  );
  const joint = JOINT_RULES.map((r) => `* ${link(r.id)}: ${r.statement}`).join('\n');
  return `<!-- Made by \`make docs\` from agent/src/rules/. -->

# The rules

${RULES.length} rules. \`migwatch rules\` prints this table, \`migwatch rules ID\` one rule. Norms: N1 ${NORMS.N1}; N2 ${NORMS.N2};
N3 ${NORMS.N3}; N4 ${NORMS.N4}. What the rules share is in [the contract](../contract.md).

| rule | statement | norm | who | scope | severity |
|---|---|---|---|---|---|
${rows.join('')}
Judged when traces of both hosts are replayed together, beside some of the rules above:

${joint}
`;
}

/** The table for a terminal: aligned, one line a rule. */
export function tableText(): string {
  const lines = [
    ['rule', 'severity', 'party', 'norm', 'scope', 'needs'],
    ...ALL_RULES.map((r) => [
      r.id,
      r.severities.join(','),
      r.party,
      r.norm,
      r.scope,
      r.needs.join(',') || '-',
    ]),
  ];
  const widths = lines[0]?.map((_, i) => Math.max(...lines.map((l) => l[i]?.length ?? 0))) ?? [];
  return lines
    .map(
      (l) =>
        `${l
          .map((text, i) => text.padEnd(widths[i] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
