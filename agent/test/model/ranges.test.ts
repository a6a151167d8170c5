// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ranges } from '../../src/model/ranges.js';

const parts = (r: Ranges) => [...r].map(({ from, to }) => [from, to]);

test('ranges that touch or overlap become one, in order', () => {
  const r = new Ranges();
  for (const [from, size] of [
    [20, 5],
    [0, 10],
    [10, 2],
    [24, 6],
    [50, 0],
  ] as const)
    r.add(from, size);
  assert.deepEqual(parts(r), [
    [0, 12],
    [20, 30],
  ]);
  assert.deepEqual(
    [r.covers(2, 10), r.covers(2, 11), r.overlaps(12, 8), r.overlaps(11, 1)],
    [true, false, false, true],
  );
});

test('what is removed splits a range', () => {
  const r = new Ranges();
  r.add(0, 100);
  r.remove(10, 20);
  r.remove(90, 50);
  assert.deepEqual(parts(r), [
    [0, 10],
    [30, 90],
  ]);
});

test('the first range that another set does not cover', () => {
  const [all, some] = [new Ranges(), new Ranges()];
  all.add(0, 10);
  all.add(20, 10);
  some.add(0, 15);
  assert.deepEqual(all.notIn(some), { from: 20, to: 30 });
  assert.equal(some.notIn(some), undefined);
});

test('a set that is full says so', () => {
  const r = new Ranges();
  for (let n = 0; n <= 4096; n++) r.add(n * 10, 1);
  assert.deepEqual([parts(r).length, r.incomplete], [4096, true]);
});
