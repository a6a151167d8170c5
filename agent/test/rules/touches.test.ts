// SPDX-License-Identifier: Apache-2.0
/** Touching a device that is not running: regions, config space. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged, type Options, verdicts } from '../run.js';

const OPENED = '0 dev1 opened pci mlx5_vfio_pci';
const STRICT: Options = { profile: 'seed-strict' };

const mmio = (text: string, options?: Options) => verdicts('mmio-rw-while-halted', text, options);
const config = (text: string, options?: Options) => verdicts('config-write-while-halted', text, options);

/** One access a long time after landing in a state, by another thread. */
const access = (state: string, what: string, driver = 'mlx5_vfio_pci') => `
  0     dev1 opened pci ${driver}
  1ms   dev1 set ${state}
  10ms  dev1 region ${what} tid=9`;

test('mmio: an access in a state that moves data or DMA is no violation', () => {
  assert.deepEqual(mmio(access('RUNNING_P2P', 'read bar0+0x10 4')), ['kept']);
  assert.deepEqual(mmio(access('PRE_COPY', 'write bar0+0x10 4')), ['kept']);
  assert.deepEqual(mmio(access('STOP_COPY', 'read config+0x0 4')), ['kept']);
});

test('mmio: severity by state and direction', () => {
  assert.deepEqual(mmio(access('STOP_COPY', 'read bar0+0x10 4')), ['read-in-STOP_COPY critical']);
  assert.deepEqual(mmio(access('STOP_COPY', 'write bar0+0x10 4')), ['write-in-STOP_COPY critical']);
  assert.deepEqual(mmio(access('STOP', 'read bar0+0x10 4')), ['read-in-STOP warning']);
  assert.deepEqual(mmio(access('STOP', 'write bar2+0x10 4')), ['write-in-STOP warning']);
  assert.deepEqual(mmio(access('RESUMING', 'read bar0+0x10 4')), ['read-in-RESUMING warning']);
});

test('mmio: a write in RESUMING is capped at warning in uapi and critical in seed-strict', () => {
  const write = access('RESUMING', 'write bar0+0x10 4');
  assert.deepEqual(mmio(write), ['write-in-RESUMING warning']);
  assert.deepEqual(mmio(write, STRICT), ['write-in-RESUMING critical']);
  const found = (options: Options) =>
    judged(write, options).violations.map((v) => [v.norm, v.advisory, v.profile]);
  assert.deepEqual(found({}), [['N3', true, 'uapi']]);
  assert.deepEqual(found(STRICT), [['N3', false, 'seed-strict']]);
});

test('mmio: a doorbell of hisi_acc in STOP wakes the device', () => {
  const hisi = (what: string) => mmio(access('STOP', what, 'hisi_acc_vfio_pci'));
  assert.deepEqual(hisi('write bar2+0x10 4'), ['write-in-STOP critical']);
  assert.deepEqual(hisi('read bar2+0x10 4'), ['read-in-STOP warning']);
  assert.deepEqual(hisi('write bar0+0x10 4'), ['write-in-STOP warning']);
});

test('mmio: an access that the kernel refused counts one severity less', () => {
  const refused = (state: string, what: string, errno: string) => mmio(access(state, `${what} -> ${errno}`));
  assert.deepEqual(refused('STOP_COPY', 'write bar0+0 4', '-EIO'), ['attempted-write-in-STOP_COPY warning']);
  assert.deepEqual(refused('STOP_COPY', 'read bar0+0 4', '-EINVAL'), ['attempted-read-in-STOP_COPY warning']);
  assert.deepEqual(refused('STOP', 'read bar0+0 4', '-EIO'), ['attempted-read-in-STOP info']);
  assert.deepEqual(refused('STOP', 'read bar0+0 4', '-EFAULT'), ['read-in-STOP warning']);
});

test('mmio: regions of the device itself are a warning even in STOP_COPY', () => {
  assert.deepEqual(mmio(access('STOP_COPY', 'read region9+0 4')), ['read-in-STOP_COPY warning']);
  assert.deepEqual(mmio(access('STOP_COPY', 'read region8+0 4')), ['read-in-STOP_COPY critical']);
});

test('mmio: 50 us of grace for other threads, none for the thread that set the state', () => {
  const after = (us: number, tid: number) => `${OPENED}
    1ms                dev1 set STOP_COPY took=1us
    ${1001 + us}us     dev1 region read bar0+0 4 tid=${tid}`;
  assert.deepEqual(mmio(after(49, 9)), ['unknown']);
  assert.deepEqual(mmio(after(50, 9)), ['read-in-STOP_COPY critical']);
  assert.deepEqual(mmio(after(0, 100)), ['read-in-STOP_COPY critical']);
});

test('mmio: inside a transition nothing is judged, only counted as ambiguous', () => {
  const text = `${OPENED}
    1ms dev1 set STOP
    5ms dev1 set RUNNING {
    6ms dev1 region read bar0+0 4 tid=9
    7ms dev1 }`;
  assert.deepEqual(mmio(text), ['unknown']);
  assert.equal(judged(text).judge.world.devices.get(1)?.counts.ambiguous, 1);
});

test('mmio: unknown state, lagging ordinal and unknown region numbering give no verdict', () => {
  assert.deepEqual(mmio('0 dev1 found pci mlx5_vfio_pci\n1ms dev1 region write bar0+0 4'), ['unknown']);
  assert.deepEqual(mmio(access('STOP_COPY', 'read bar0+0 4 late=1')), ['unknown']);
  const ccw = '0 dev1 opened css vfio_ccw\n1ms dev1 set STOP\n5ms dev1 region read bar0+0 4';
  assert.deepEqual(mmio(ccw), ['unknown']);
  assert.deepEqual(mmio(ccw.replace('css vfio_ccw', 'mdev mtty')), ['read-in-STOP warning']);
});

test('mmio: after the reset or the SET_STATE that ends it, no more', () => {
  const text = (end: string) => `${OPENED}
    1ms  dev1 set STOP_COPY
    10ms dev1 ${end}
    20ms dev1 region write bar0+0 4 tid=9`;
  assert.deepEqual(mmio(text('set RUNNING')), ['kept']);
  assert.deepEqual(mmio(text('reset')), ['kept']);
});

test('config: writes are free in STOP, expected of some fields in RESUMING, avoided in STOP_COPY', () => {
  assert.deepEqual(config(access('STOP', 'write config+0x4 2')), ['kept']);
  assert.deepEqual(config(access('RUNNING_P2P', 'write config+0x4 2')), ['kept']);
  assert.deepEqual(config(access('STOP_COPY', 'write config+0x4 2')), ['in-STOP_COPY warning']);
  assert.deepEqual(config(access('STOP_COPY', 'write config+0x70 2')), ['in-STOP_COPY warning']);
  assert.deepEqual(config(access('RESUMING', 'write config+0xc 1')), ['in-RESUMING-other warning']);
});

test('config: the fields that a destination restores', () => {
  const fields = { '0x4': 'COMMAND', '0x10': 'BAR', '0x24': 'BAR', '0x30': 'ROM', '0x3c': 'INTERRUPT_LINE' };
  for (const [offset, field] of Object.entries(fields)) {
    const write = access('RESUMING', `write config+${offset} 2`);
    assert.deepEqual(config(write), [`in-RESUMING-${field} info`]);
    assert.deepEqual(config(write, STRICT), [`in-RESUMING-${field} warning`]);
  }
  assert.deepEqual(config(access('RESUMING', 'write config+0x28 4')), ['in-RESUMING-other warning']);
});

test('config: reads, BARs and unknown buses are not its business; capabilities are not told apart', () => {
  assert.deepEqual(config(access('STOP_COPY', 'read config+0x4 2')), []);
  assert.deepEqual(config(access('STOP_COPY', 'write bar0+0x4 2')), []);
  assert.deepEqual(config(access('RESUMING', 'write config+0x70 2')), ['unknown']);
  assert.deepEqual(config('0 dev1 found pci mlx5_vfio_pci\n1ms dev1 region write config+4 2'), ['unknown']);
});

test('config: inside a transition or just after it, unknown', () => {
  const text = `${OPENED}
    1ms    dev1 set STOP_COPY took=1us
    1020us dev1 region write config+0x4 2 tid=9
    5ms    dev1 set STOP {
    6ms    dev1 region write config+0x4 2 tid=9
    7ms    dev1 }`;
  assert.deepEqual(config(text), ['unknown', 'unknown']);
});

test('config: an FLR by config write is the reset, not a config write as well', () => {
  const text = `${OPENED}
    1ms  dev1 set STOP_COPY
    10ms dev1 reset function
    10ms dev1 region write config+0x78 2 tid=9`;
  assert.deepEqual(config(text), ['kept']);
  assert.deepEqual(verdicts('reset-during-migration', text), ['unexplained critical']);
});
