// SPDX-License-Identifier: Apache-2.0
/** Mappings of BARs, faults, zaps and interrupts, as the world holds them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged } from '../run.js';

const device = (text: string) =>
  judged(`0 dev1 opened pci mlx5_vfio_pci container=1\n${text}`).judge.world.devices.get(1);

test('mappings that were made are counted; their end is not seen', () => {
  const d = device('1s dev1 mmap bar0+0 4096\n2s dev1 mmap bar2+0 4096\n3s dev1 mmap bar4+0 4096 -> -EINVAL');
  assert.equal(d?.mmaps, 2);
});

test('faults by region; one that is tried again with a smaller page is one', () => {
  const d = device(`
    1s dev1 set STOP
    2s dev1 fault retried bar0+0 order=9
    2s dev1 fault mapped bar0+0
    3s dev1 fault mapped bar0+0x1000 prefault=1
    4s dev1 fault refused bar2+0`);
  assert.deepEqual(
    d?.counts.faults,
    new Map([
      [0, 2],
      [2, 1],
    ]),
  );
  assert.equal(d?.faultsSinceZap, 2);
});

test('a zap undoes what was faulted in', () => {
  const d = device(`
    1s dev1 set STOP
    2s dev1 fault mapped bar0+0
    3s dev1 zap low-power
    4s dev1 zap config
    5s dev1 fault refused bar0+0`);
  assert.deepEqual([d?.faultsSinceZap, d?.lastZapAt, d?.lastZapCause], [0, 4e9, 3]);
  assert.deepEqual([d?.counts.zaps.get(4), d?.counts.zaps.get(3)], [1, 1]);
});

test('interrupts count while the device is halted', () => {
  const d = device(`
    1s dev1 irq MSI
    2s dev1 set STOP took=0
    3s dev1 irq MSI
    4s dev1 irq INTX
    5s dev1 set RUNNING {
    6s dev1 irq MSI
    7s dev1 }`);
  assert.deepEqual([d?.counts.irqsWhileHalted, d?.lastHaltedIrqAt], [2, 4e9]);
});

test('interrupts were set up last when memory was forced on, or SET_IRQS came', () => {
  assert.equal(device('1s tick')?.lastIrqSetupAt, -1);
  assert.equal(device('1s dev1 irqs MSI\n2s dev1 memory-enable')?.lastIrqSetupAt, 2e9);
});

test('config writes count as accesses of region 7, and inside a transition as ambiguous', () => {
  const d = device('1s dev1 set STOP {\n2s dev1 region write config+4 2\n3s dev1 }');
  assert.deepEqual([d?.counts.regionWrites.get(7), d?.counts.ambiguous], [1, 1]);
});

test('a halt that GET told of began then at the latest', () => {
  const d = device(
    '1s dev1 set STOP took=0\n2s dev1 skips 0 now=RUNNING\n3s dev1 get RUNNING\n4s dev1 get STOP',
  );
  assert.deepEqual([d?.stateName, d?.haltedAt], ['STOP', 4e9]);
});

test('an open that was seen is a beginning', () => {
  assert.equal(device('1s tick')?.openSeen, true);
  const found = judged('0 dev1 found pci mlx5_vfio_pci\n1s dev1 reopened').judge.world.devices.get(1);
  assert.equal(found?.openSeen, false);
});
