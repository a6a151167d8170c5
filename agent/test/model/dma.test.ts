// SPDX-License-Identifier: Apache-2.0
/** Containers: bytes mapped, mappings of BARs, and their ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged } from '../run.js';

const OPENED = `
  0 container1 join 1
  0 dev1 opened pci mlx5_vfio_pci container=1 group=1`;
const world = (text: string) => judged(`${OPENED}\n${text}`).judge.world;
const container = (text: string) => world(text).containers.get(1);
const MAPS = '1s container1 map 0x1000 0x3000\n2s container1 map 0x8000 0x1000';
const P2P = `${MAPS}\n2s container1 p2p dev1 bar2+0x4000 0x8000 0x1000`;

test('an unmap takes off once what went: each removal, then the call', () => {
  const one = `${MAPS}\n3s container1 gone 0x1000 0x3000\n3s container1 unmap 0x1000 0x3000`;
  assert.equal(container(one)?.mappedBytes, 0x1000);
  const all = `${MAPS}\n3s container1 gone 0x1000 0x3000\n3s container1 gone 0x8000 0x1000\n3s container1 unmap 0 0x4000`;
  assert.equal(container(all)?.mappedBytes, 0);
  assert.equal(container(all)?.unmaps, 1);
});

test('an unmap whose removals were lost takes off all the same', () => {
  assert.equal(container(`${MAPS}\n3s container1 unmap 0x1000 0x3000`)?.mappedBytes, 0x1000);
  assert.equal(container(`${P2P}\n3s container1 unmap 0x8000 0x1000`)?.p2p.size, 0);
});

test('a map that failed half way removes what was never counted', () => {
  const text = `${MAPS}\n3s container1 gone 0x10000 0x800 tid=5\n3s container1 map 0x10000 0x9000 tid=5 -> -EFAULT`;
  assert.equal(container(text)?.mappedBytes, 0x4000);
  // The removal of another thread is its own.
  const other = `${MAPS}\n3s container1 gone 0x1000 0x3000 tid=4\n3s container1 map 0x10000 0x9000 tid=5 -> -EFAULT`;
  assert.equal(container(other)?.mappedBytes, 0x1000);
  const next = `${text}\n4s container1 gone 0x1000 0x3000\n4s container1 unmap 0x1000 0x3000`;
  assert.equal(container(next)?.mappedBytes, 0x1000);
});

test('a new owner of the memory (VADDR) changes nothing that is mapped', () => {
  const text = `${P2P}\n3s container1 unmap 0x8000 0x1000 flags=4`;
  assert.deepEqual([container(text)?.mappedBytes, container(text)?.p2p.size], [0x4000, 1]);
  const back = `${text}\n4s container1 map 0x8000 0x1000 flags=4\n4s container1 p2p dev1 bar2+0x4000 0x8000 0x1000`;
  assert.deepEqual([container(back)?.mappedBytes, container(back)?.p2p.size], [0x4000, 1]);
});

test('a mapping of a BAR lives until its range goes', () => {
  const [m] = container(P2P)?.p2p ?? [];
  assert.deepEqual(m, { iova: 0x8000, size: 0x1000, target: 1, pos: 2 * 2 ** 40 + 0x4000, at: 2e9 });
  assert.equal(container(`${P2P}\n3s container1 gone 0x1000 0x3000`)?.p2p.size, 1);
  assert.equal(container(`${P2P}\n3s container1 gone 0x8000 0x1000`)?.p2p.size, 0);
});

test('a process that ends: groups leave first, and the mappings go to nobody', () => {
  const text = `${P2P}\n3s dev1 closed exit=0\n3s container1 leave 1\n3s container1 gone 0x1000 0x3000`;
  assert.equal(world(text).containers.size, 0);
});

test('whether a container was seen from its beginning', () => {
  assert.equal(container('1s tick')?.since, 0);
  const found = judged('0 dev1 found pci mlx5_vfio_pci container=1 group=1\n1s container1 join 2').judge
    .world;
  assert.equal(found.containers.get(1)?.since, -1);
  assert.equal(container('1s container1 join 3 -> -EINVAL')?.since, 0);
});
