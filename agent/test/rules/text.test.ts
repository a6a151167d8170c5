// SPDX-License-Identifier: Apache-2.0
/** What the rules say about themselves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RULES } from '../../src/rules/index.js';
import { authority } from '../../src/rules/rule.js';

test('a rule has a sentence or a basis, and only sentences are in quotation marks', () => {
  for (const r of RULES) {
    assert.notEqual(r.says === undefined, r.basis === undefined, r.id);
    assert.equal(authority(r).startsWith('"'), r.says !== undefined, r.id);
  }
});

test('ids are unique, and a rule yields only to rules that there are', () => {
  const ids = new Set(RULES.map((r) => r.id));
  assert.equal(ids.size, RULES.length);
  for (const r of RULES) for (const id of r.yieldsTo) assert.ok(ids.has(id), `${r.id} yields to ${id}`);
});
