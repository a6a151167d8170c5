// SPDX-License-Identifier: Apache-2.0
/** What is known after a scenario, field by field: a change of it has to be meant. A field that is new may be missing here. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WORLDS } from './worlds.gen.js';
import { NAMES, world } from './worlds.js';

/** Of what is told only the fields that the table has. */
function tabled(told: unknown, table: unknown): unknown {
  if (Array.isArray(told) && Array.isArray(table)) return told.map((item, n) => tabled(item, table[n]));
  if (typeof told !== 'object' || !told || typeof table !== 'object' || !table) return told;
  const fields = Object.entries(table).map(([key, like]) => [
    key,
    (told as Record<string, unknown>)[key],
    like,
  ]);
  return Object.fromEntries(fields.map(([key, value, like]) => [key, tabled(value, like)]));
}

for (const name of NAMES)
  test(`the world after: ${name}`, () => {
    const table = (WORLDS as Record<string, unknown>)[name];
    assert.deepEqual(tabled(world(name), table), table);
  });

test('no world is of a scenario that there is not', () => {
  assert.deepEqual(Object.keys(WORLDS), NAMES);
});
