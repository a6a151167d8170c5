// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { formatDuration, parseDuration } from '../../src/config/duration.js';
import { RULES } from '../../src/rules/index.js';
import { LIMIT_KEYS, limitsOf } from '../../src/rules/limits.js';

test('the table of limits names the rules that read each', () => {
  for (const { id } of RULES) {
    const path = new URL(`../../../../agent/src/rules/${id}.ts`, import.meta.url);
    const source = readFileSync(fileURLToPath(path), 'utf8');
    const read = LIMIT_KEYS.filter((key) => new RegExp(`limits\\.${key}\\b`).test(source));
    assert.deepEqual(limitsOf(id), read, `limits.ts: usedBy of what ${id} reads`);
  }
});

test('durations: each unit, and back in the shortest exact form', () => {
  const ns = { '50us': 5e4, '1.5s': 1.5e9, '300ms': 3e8, '30m': 1.8e12, '2h': 7.2e12, '7ns': 7 };
  for (const [text, value] of Object.entries(ns)) assert.equal(parseDuration(text), value);
  for (const text of ['5', '', 's', '-5s', '5 s', '5sec', '.5s', '1e3s', '5S'])
    assert.equal(parseDuration(text), undefined, text);
  assert.deepEqual([5e4, 1.5e9, 6e10, 90e9, 0, 7].map(formatDuration), [
    '50us',
    '1500ms',
    '1m',
    '90s',
    '0ns',
    '7ns',
  ]);
});
