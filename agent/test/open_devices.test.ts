// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OpenDevices } from '../src/open_devices.js';

test('a process is new with its first device, and again when all of its devices were closed', () => {
  const open = new OpenDevices();
  assert.deepEqual(
    [open.opened(1, 'a', 70), open.opened(2, 'b', 70), open.opened(3, 'c', 71)],
    [true, false, true],
  );
  open.closed(1);
  assert.equal(open.opened(4, 'a', 70), false);
  open.closed(2);
  open.closed(4);
  assert.equal(open.opened(5, 'a', 70), true);
});

test('a name stands for the device that is open by it, whatever is told late of an earlier one', () => {
  const open = new OpenDevices();
  open.opened(1, 'a', 70);
  open.opened(2, 'a', 71);
  open.closed(1);
  assert.equal(open.id('a'), 2);
  open.closed(2);
  assert.equal(open.id('a'), 0);
});

test('nothing is open after the probes were let go', () => {
  const open = new OpenDevices();
  open.opened(1, 'a', 70);
  open.clear();
  assert.equal(open.id('a'), 0);
  assert.equal(open.opened(2, 'a', 70), true);
});
