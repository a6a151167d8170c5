// SPDX-License-Identifier: Apache-2.0
/** Events that were only counted are counted, and rules that ask how much flowed are not misled. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findings, judged, verdicts } from '../run.js';

const device = (text: string) =>
  judged(`0 dev1 opened pci mlx5_vfio_pci\n${text}`).judge.world.devices.get(1);

test('accesses, faults and interrupts that were only counted', () => {
  const d = device(`
    1s dev1 set STOP took=0
    2s dev1 region read bar0+0 4
    3s dev1 repeats region_read 100 part=0 sum=400 since=1s
    3s dev1 repeats region_write 7 part=2 sum=28
    3s dev1 repeats config_write 5 part=7
    3s dev1 repeats fault 9 part=1 sum=36864
    3s dev1 irq MSI
    4s dev1 repeats irq 50 part=2 ago=500ms`);
  assert.deepEqual([...(d?.counts.regionReads ?? [])], [[0, 101]]);
  assert.deepEqual([...(d?.counts.regionWrites ?? [])].sort(), [
    [2, 7],
    [7, 5],
  ]);
  assert.deepEqual([d?.counts.faults.get(1), d?.faultsSinceZap], [9, 9]);
  assert.deepEqual([d?.counts.irqsWhileHalted, d?.lastHaltedIrqAt], [51, 3.5e9]);
  assert.equal(d?.counts.ambiguous, 0);
});

test('told inside a transition they are ambiguous, and no interrupt of a halted device', () => {
  const d = device(`
    1s dev1 set STOP {
    2s dev1 repeats region_write 3
    2s dev1 repeats irq 3 part=2
    3s dev1 }`);
  assert.deepEqual([d?.counts.ambiguous, d?.counts.irqsWhileHalted], [3, 0]);
});

test('faults before a zap are undone by it; one after it is not', () => {
  const zapped = (more: string) =>
    device(`1s dev1 set STOP took=0\n2s dev1 zap config\n${more}`)?.faultsSinceZap;
  assert.equal(zapped('3s dev1 repeats fault 9 sum=36864 ago=1500ms'), 0);
  assert.equal(zapped('3s dev1 repeats fault 9 sum=36864 since=2s'), 1);
  assert.equal(zapped('3s dev1 repeats fault 9 sum=36864 since=500ms'), 9);
  assert.equal(zapped('3s dev1 repeats fault 9 part=0'), 0, 'refused ones map nothing');
});

test('bytes of a data session', () => {
  const saved = device(`
    1s dev1 set PRE_COPY
    2s dev1 data read 1000
    3s dev1 repeats data_read 10 part=1 sum=10000 since=500ms ago=100ms`);
  assert.deepEqual([saved?.session?.bytesRead, saved?.counts.bytesSaved], [11000, 11000]);
  assert.equal(saved?.session?.lastDataAt, 2.9e9);
  const resumed = device(`
    1s dev1 set RESUMING
    2s dev1 data write 1000
    3s dev1 repeats data_write 10 part=1 sum=10000`);
  assert.deepEqual([resumed?.session?.bytesWritten, resumed?.counts.bytesResumed], [11000, 11000]);
  assert.equal(device('1s dev1 repeats data_read 10 part=5 sum=1')?.counts.bytesSaved, 0);
});

test('initial bytes of pre-copy that were only counted have been read', () => {
  const text = `
    0 dev1 opened pci mlx5_vfio_pci
    1s dev1 set PRE_COPY
    2s dev1 precopy-info 5000
    2s dev1 data read 1000
    3s dev1 repeats data_read 4 part=1 sum=4000
    3s dev1 set STOP_COPY`;
  assert.deepEqual(verdicts('precopy-left-early', text), ['kept']);
});

test('a drain that goes on is not stalled, though its reads are only counted', () => {
  const ticks = (from: number, to: number, line: (s: number) => string) =>
    Array.from({ length: to - from }, (_, i) => `${line(from + i)}\n${from + i}s tick`).join('\n');
  const drain = (line: (s: number) => string) => `
    0 dev1 opened pci mlx5_vfio_pci
    1s dev1 set STOP_COPY
    2s dev1 data read 1000
    ${ticks(3, 80, line)}`;
  const stalled = (text: string) => findings(text).filter((f) => f.startsWith('state-dwell-exceeded'));
  assert.deepEqual(stalled(drain((s) => `${s}s dev1 repeats data_read 5 part=1 sum=5000`)), []);
  assert.deepEqual(stalled(drain(() => '# nothing')), ['state-dwell-exceeded drain-stalled warning']);
});

test('the last answer to a write, counted or not', () => {
  const last = (text: string) =>
    device(`1s dev1 set RESUMING\n2s dev1 data write 10\n3s dev1 data write 10 -> -EIO\n${text}`)?.session
      ?.lastWriteRet;
  assert.equal(last('4s dev1 repeats data_write 70 part=1 sum=700'), 1);
  assert.equal(last('4s dev1 repeats data_write 70 part=1 sum=700 ago=2s'), -5);
  assert.equal(last('4s dev1 data write 10\n5s dev1 repeats data_write 70 part=1'), -5);
});

test('an interrupt storm is critical by what is recorded of it', () => {
  const text = `
    0 dev1 opened pci mlx5_vfio_pci
    1s dev1 set STOP took=0
    1001ms dev1 irq MSI
    1004ms dev1 repeats irq 1000 part=2 since=2ms
    1150ms dev1 irq MSI`;
  assert.deepEqual(verdicts('irq-while-halted', text), ['unknown', 'interrupts critical']);
});
