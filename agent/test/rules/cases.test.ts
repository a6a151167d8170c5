// SPDX-License-Identifier: Apache-2.0
/** Every rule of the list has shown what it must: a rule without its cases, or a benign trigger without one, fails here. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RULES } from '../../src/rules/index.js';
import type { Rule } from '../../src/rules/rule.js';
import { findings, verdicts } from '../run.js';
import type { Cases, Table } from './cases/case.js';
import { MEMORY } from './cases/memory.js';
import { OTHERS } from './cases/others.js';
import { PEERS } from './cases/peers.js';
import { STATES } from './cases/states.js';
import { STREAM } from './cases/stream.js';
import { TOUCH } from './cases/touch.js';
import { TRACKING } from './cases/tracking.js';

const TABLES: readonly Table[] = [TOUCH, MEMORY, STATES, STREAM, TRACKING, PEERS, OTHERS];
const ALL: Table = Object.assign({}, ...TABLES);

const isBroken = (answer: string) => answer.includes(' ');
const sentences = (text: string) => text.split(/(?<=[.;]) (?=[A-Z0-9`])/);

function keptCase({ id }: Rule, { kept }: Cases): void {
  if (typeof kept !== 'string') return;
  const answers = verdicts(id, kept);
  assert.ok(answers.includes('kept') && !answers.some(isBroken), `kept: ${answers}`);
}

function unknownCase({ id }: Rule, { unknown }: Cases): void {
  if (typeof unknown !== 'string') return;
  const answers = verdicts(id, unknown);
  assert.ok(answers.includes('unknown') && !answers.some(isBroken), `unknown: ${answers}`);
}

function brokenCases({ id }: Rule, { broken }: Cases): void {
  assert.ok(Object.keys(broken).length > 0, 'broken');
  for (const [answer, text] of Object.entries(broken)) {
    const answers = verdicts(id, text);
    assert.ok(answers.includes(answer), `${answer}: ${answers}`);
  }
}

/** Beside all other rules, as they explain each other. */
function benignCases(rule: Rule, { benign }: Cases): void {
  const listed = sentences(rule.benign);
  for (const sentence of listed) {
    const named = Object.keys(benign).filter((words) => sentence.startsWith(words));
    assert.equal(named.length, 1, `a case for: ${sentence}`);
  }
  assert.equal(Object.keys(benign).length, listed.length, 'a case is for no sentence');
  for (const [words, one] of Object.entries(benign)) {
    if (typeof one === 'string') {
      const own = findings(one).filter((f) => f.startsWith(`${rule.id} `) && !f.endsWith(' info'));
      assert.deepEqual(own, [], words);
    } else if ('text' in one) assert.deepEqual(verdicts(rule.id, one.text), one.answers, words);
  }
}

for (const rule of RULES)
  test(`${rule.id}: kept, broken, unknown, and what is benign`, () => {
    const cases = ALL[rule.id];
    assert.ok(cases, 'cases are missing: see agent/test/rules/cases');
    keptCase(rule, cases);
    brokenCases(rule, cases);
    unknownCase(rule, cases);
    benignCases(rule, cases);
  });

test('no case is of a rule that there is not', () => {
  const ids = new Set(RULES.map(({ id }) => id));
  assert.deepEqual(
    Object.keys(ALL).filter((id) => !ids.has(id)),
    [],
  );
  assert.equal(
    Object.keys(ALL).length,
    TABLES.reduce((sum, table) => sum + Object.keys(table).length, 0),
    'a rule is in two tables',
  );
});
