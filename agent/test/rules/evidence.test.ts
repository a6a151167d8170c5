// SPDX-License-Identifier: Apache-2.0
/** What a violation shows as its evidence is what people act on: a change of it has to be meant. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RULES } from '../../src/rules/index.js';
import { EVIDENCE } from './evidence.gen.js';
import { evidenceOf } from './evidence.js';

for (const { id } of RULES)
  test(`${id}: norm, party, confidence and evidence of each broken case`, () => {
    assert.deepEqual(JSON.parse(JSON.stringify(evidenceOf(id))), EVIDENCE[id]);
  });
