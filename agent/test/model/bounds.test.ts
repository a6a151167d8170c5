// SPDX-License-Identifier: Apache-2.0
/** What there is too much of is forgotten, oldest first, and counted; nothing is taken for kept after it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MOST, MOST_P2P } from '../../src/model/bounds.js';
import { judged, verdicts } from '../run.js';

const many = (n: number, line: (i: number) => string) =>
  Array.from({ length: n }, (_, i) => line(i + 1)).join('\n');

test('devices: the first is forgotten, and what is then said of it is not attributed', () => {
  const text = `${many(MOST.devices + 1, (i) => `0 dev${i} opened pci mlx5_vfio_pci`)}\n1s dev1 set STOP_COPY`;
  const { world } = judged(text).judge;
  assert.deepEqual(
    [world.devices.size, world.devices.has(1), world.evicted.devices],
    [MOST.devices, false, 1],
  );
  assert.ok(world.unattributed > 0);
  const access = `${text}\n2s dev1 region read bar0+0 4`;
  assert.deepEqual(verdicts('mmio-rw-while-halted', access), ['unknown']);
});

test('containers: the first is forgotten with its devices', () => {
  const text = `0 dev1 opened pci mlx5_vfio_pci container=1\n${many(MOST.containers, (i) => `1s container${i + 1} map 0x0 0x1000`)}`;
  const { world } = judged(text).judge;
  assert.deepEqual([world.containers.size, world.evicted.containers], [MOST.containers, 1]);
  assert.equal(world.devices.get(1)?.container, 0);
});

test('mappings of BARs: the oldest of a container is forgotten, and then not every mapping is known', () => {
  const open = '0 container1 join 1\n0 dev1 opened pci mlx5_vfio_pci container=1 group=1';
  const text = `${open}\n${many(MOST_P2P + 1, (i) => `1s container1 p2p dev1 bar0+0 0x${(MOST_P2P - i + 1).toString(16)}000 0x1000`)}`;
  const { world } = judged(text).judge;
  const c = world.containers.get(1);
  assert.deepEqual([c?.p2p.size, world.evicted.p2p_mappings], [MOST_P2P, 1]);
  assert.deepEqual(c?.p2p.within(MOST_P2P * 0x1000, 0x1000), []);
  assert.equal(c?.since, -1);
});
