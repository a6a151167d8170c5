// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { fstatSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { isJournal } from '../src/log.js';

test('lines get a priority only where they go to the journal itself', () => {
  const fd = openSync('/dev/null', 'w');
  const { dev, ino } = fstatSync(fd);
  assert.equal(isJournal(`${dev}:${ino}`, fd), true);
  assert.equal(isJournal(`${dev}:${ino + 1}`, fd), false);
  assert.equal(isJournal('', fd), false);
  assert.equal(isJournal(undefined, fd), false);
});
