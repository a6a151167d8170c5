// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ruleJson, ruleText, tableText } from '../../src/command/rule_page.js';
import { ALL_RULES } from '../../src/rules/index.js';

const DOCS = fileURLToPath(new URL('../../../../docs/', import.meta.url));

test('the table has one line a rule, under a heading', () => {
  const lines = tableText().trimEnd().split('\n');
  assert.match(lines[0] ?? '', /^rule +severity +party +norm +scope +needs$/);
  assert.deepEqual(
    lines.slice(1).map((line) => line.split(' ')[0]),
    ALL_RULES.map((r) => r.id),
  );
});

test('a rule tells its limits and which rules explain which', () => {
  const page = (id: string) => {
    const found = ALL_RULES.find((r) => r.id === id);
    assert.ok(found);
    return { json: ruleJson(found), text: ruleText(found) };
  };
  const stuck = page('fsm-transition-stuck');
  assert.match(stuck.text, /^limit +transition-stuck \(5s\): /m);
  const window = page('p2p-window-open');
  const order = page('p2p-quiesce-order');
  assert.ok((window.json.explains as string[]).includes('p2p-quiesce-order'));
  assert.ok((order.json.yields_to as string[]).includes('p2p-window-open'));
});

test('every local link in the documents leads to a file', () => {
  const pages = readdirSync(DOCS, { recursive: true, encoding: 'utf8' }).filter((p) => p.endsWith('.md'));
  assert.ok(pages.length > ALL_RULES.length);
  for (const page of pages)
    for (const [, target = ''] of readFileSync(join(DOCS, page), 'utf8').matchAll(
      /\]\(([^)#]+)(?:#[^)]*)?\)/g,
    ))
      if (!/^https?:/.test(target))
        assert.ok(existsSync(join(DOCS, dirname(page), target)), `docs/${page}: no ${target}`);
});
