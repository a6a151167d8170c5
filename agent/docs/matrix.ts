// SPDX-License-Identifier: Apache-2.0
/**
 * State by action: each cell is what the rules say when the action is done to a
 * synthetic device in that state, through the real engine. Nothing is written by
 * hand but the actions, so the table cannot say other than the code judges.
 */

import { Judge } from '../src/judge.js';
import type { STATE_NAMES } from '../src/model/fsm.js';
import { NO_OBSERVER } from '../src/model/world.js';
import type { Violation } from '../src/rules/finding.js';
import { RULES } from '../src/rules/index.js';
import { DEFAULT_LIMITS } from '../src/rules/limits.js';
import { Policy } from '../src/rules/policy.js';
import type { Profile } from '../src/rules/rule.js';
import { authority } from '../src/rules/rule.js';
import { scenario } from '../test/scenario.js';
import { ACTIONS, type Action } from './actions.js';

export type StateName = (typeof STATE_NAMES)[number];

/** Order of a migration, then what is left. */
const COLUMNS: readonly StateName[] = [
  'RUNNING',
  'PRE_COPY',
  'PRE_COPY_P2P',
  'RUNNING_P2P',
  'STOP',
  'STOP_COPY',
  'RESUMING',
  'ERROR',
];

const BASE = 5_000_000_000_000n;
/** Of the action: no grace applies any more, and no deadline has passed. */
const AT_MS = 3000;

export interface Cell {
  readonly verdict: 'allowed' | 'tolerated' | 'forbidden' | 'unknown' | 'not judged';
  /** What was found, gravest first. */
  readonly findings: readonly Pick<Violation, 'rule' | 'norm' | 'severity'>[];
}

const ENTER: Readonly<Record<StateName, readonly string[]>> = {
  RUNNING: ['2000ms dev1 get RUNNING'],
  PRE_COPY: ['2000ms dev1 set PRE_COPY'],
  PRE_COPY_P2P: ['1900ms dev1 set PRE_COPY', '2000ms dev1 set PRE_COPY_P2P'],
  RUNNING_P2P: ['2000ms dev1 set RUNNING_P2P'],
  STOP: ['2000ms dev1 set STOP'],
  STOP_COPY: ['2000ms dev1 set STOP_COPY'],
  RESUMING: ['2000ms dev1 set RESUMING'],
  ERROR: ['2000ms dev1 set STOP -> -EIO after=1 now=ERROR', '2010ms dev1 get ERROR', '2020ms dev1 get ERROR'],
};

const SESSION = {
  save: [
    '1000ms dev1 set STOP_COPY',
    '1100ms dev1 data read 4096',
    '1200ms dev1 data read 0',
    '1300ms dev1 set RUNNING',
  ],
  resume: ['1000ms dev1 set RESUMING', '1100ms dev1 data write 4096', '1300ms dev1 set RUNNING'],
};

/** A device of one container in this state. */
function prelude(state: StateName, action: Action): string[] {
  const opened = [
    '0 container1 join 1',
    '0 dev1 opened pci mlx5_vfio_pci container=1',
    '0 dev1 mmap bar0+0 0x1000',
  ];
  const before = (action.before ?? []).map((line) => `100ms ${line}`);
  const session = action.session ? SESSION[action.session] : [];
  return [...opened, ...before, ...session, ...ENTER[state]];
}

const GRAVITY = ['info', 'warning', 'critical'];

/** What the rules say of one action in one state. */
export function cell(state: StateName, action: Action, profile: Profile): Cell {
  const before = prelude(state, action);
  const done = (action.lines ?? []).map((line) => `${AT_MS}ms ${line}`);
  const all = scenario([...before, ...done].join('\n'));
  const prefix = scenario(before.join('\n')).length;
  const own = action.records?.(BASE + BigInt(AT_MS) * 1_000_000n);
  const violations: Violation[] = [];
  const policy = new Policy({ profile, rules: RULES, limits: DEFAULT_LIMITS });
  const judge = new Judge({ policy, onViolation: (v) => violations.push(v) }, NO_OBSERVER);
  for (const record of all.slice(0, prefix)) judge.feed(record);
  violations.length = 0;
  const counts = () => {
    const sum = { kept: 0, unknown: 0 };
    for (const [, tally] of judge.engine.tallies) {
      sum.kept += tally.kept;
      sum.unknown += tally.unknown;
    }
    return sum;
  };
  const earlier = counts();
  for (const record of [...all.slice(prefix), ...(own ? [own] : [])]) judge.feed(record);
  const now = counts();
  const findings = violations
    .map(({ rule, norm, severity }) => ({ rule, norm, severity }))
    .sort((a, b) => GRAVITY.indexOf(b.severity) - GRAVITY.indexOf(a.severity));
  if (findings.length > 0)
    return { verdict: findings[0]?.severity === 'info' ? 'tolerated' : 'forbidden', findings };
  if (now.unknown > earlier.unknown) return { verdict: 'unknown', findings };
  return { verdict: now.kept > earlier.kept ? 'allowed' : 'not judged', findings };
}

const WORDS: Record<Cell['verdict'], string> = {
  allowed: 'yes',
  tolerated: '(yes)',
  forbidden: '**no**',
  unknown: '?',
  'not judged': '·',
};

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;

/** docs/actions.md. */
export function actionsMarkdown(): string {
  const notes = new Map<string, number>();
  const note = (id: string) => {
    const n = notes.get(id) ?? notes.size + 1;
    notes.set(id, n);
    return `[${n}](rules/${id}.md)`;
  };
  const text = ({ verdict, findings }: Cell) => {
    const norms = [...new Set(findings.map((f) => f.norm))].join(' ');
    return [WORDS[verdict], norms, ...findings.map((f) => note(f.rule))].filter(Boolean).join(' ');
  };
  const line = (a: Action, profile: Profile) =>
    row([a.who, a.what, ...COLUMNS.map((s) => text(cell(s, a, profile)))]);
  const table = (rows: readonly string[]) =>
    row(['who', 'does', ...COLUMNS]) + row(Array(COLUMNS.length + 2).fill('---')) + rows.join('');
  const uapi = ACTIONS.map((a) => line(a, 'uapi'));
  const strict = ACTIONS.map((a) => line(a, 'seed-strict')).filter((text) => !uapi.includes(text));
  const legend = [...notes].map(([id, n]) => {
    const found = RULES.find((r) => r.id === id);
    const says = found ? authority(found) : '';
    return row([String(n), `[${id}](rules/${id}.md)`, found?.party ?? '', says, found?.where ?? '']);
  });
  return `<!-- Made by \`make docs\`: each cell is the verdict of the rules on that action in that state. -->

# Who may do what, in which state

The device has every migration feature and has been in the state for a second; nothing else is going on. A cell is what the
rules say when the action is done: it is made by running them, not written.

| | |
|---|---|
| yes | a rule bears on it, and is kept |
| (yes) | tolerated: recorded as \`info\` |
| **no** | a violation (warning or critical); N1 merged uAPI text, N2 merged kernel code, N3 mail or unmerged document (advisory in profile uapi), N4 operation; the number is the rule |
| ? | cannot be told: the verdict is unknown |
| · | no rule has an opinion |

## Profile uapi

${table(uapi)}
## Profile seed-strict

As above, but for these:

${table(strict)}
## The sentences

| | rule | who | says | where |
|---|---|---|---|---|
${legend.join('')}
A reset, a close or a transition has its own rules beside these; [all rules](rules/README.md) has them, [the contract](contract.md)
what they share.
`;
}
