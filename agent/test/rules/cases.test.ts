// SPDX-License-Identifier: Apache-2.0
/** Every rule of the list has shown what it must: a rule without its cases, or a benign trigger without one, fails here. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coverage, type Fact, type Probes } from '../../src/model/coverage.js';
import { RULES } from '../../src/rules/index.js';
import type { Rule } from '../../src/rules/rule.js';
import { findings, judged, verdicts } from '../run.js';
import { ALL, TABLES } from './cases/all.js';
import { type Cases, ONE } from './cases/case.js';

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

function brokenCases({ id, severities }: Rule, { broken }: Cases): void {
  assert.ok(Object.keys(broken).length > 0, 'broken');
  for (const [answer, text] of Object.entries(broken)) {
    const answers = verdicts(id, text);
    assert.ok(answers.includes(answer), `${answer}: ${answers}`);
    const severity = answer.split(' ').at(-1);
    assert.ok(
      severities.some((s) => s === severity),
      `${severity} is not among its severities`,
    );
  }
}

const HOST = judged(ONE).judge.world;
const levelOf = (probes: Probes, fact: Fact) =>
  coverage(probes, HOST.devices.values()).find((c) => c.fact === fact)?.level;

/** Probes without which the fact is less than it was. */
function probesOf(fact: Fact): string[] {
  const without = (key: string) => new Map([...HOST.probes].filter(([other]) => other !== key));
  return [...HOST.probes.keys()].filter((key) => levelOf(without(key), fact) !== levelOf(HOST.probes, fact));
}

/** Nothing seen is no evidence where one could not look: without any of the facts that it needs, kept is unknown. */
function blindCases({ id, needs }: Rule, { kept }: Cases): void {
  if (typeof kept !== 'string') return;
  for (const fact of needs) {
    const blind = probesOf(fact).map((probe) => `0 probe ${probe} unavailable\n`);
    assert.ok(!verdicts(id, `${blind.join('')}${kept}`).includes('kept'), `kept without ${fact}`);
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
    blindCases(rule, cases);
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
