// SPDX-License-Identifier: Apache-2.0
/** What dirty reports cover, and what escapes them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged, verdicts } from '../run.js';

const OPENED = '0 dev1 opened pci mlx5_vfio_pci container=1';
const TRACKED = `${OPENED}\n1s dev1 log-range 0x0 0x10000000\n1s dev1 log start`;
const HALTED = `${TRACKED}\n2s dev1 set STOP`;

const dma = (text: string) => verdicts('dma-dirty-while-halted', text);
const AGAIN = `${HALTED}\n3s dev1 log report 0x0 0x100000`;

test('dma-dirty: pages dirty again in a halted device', () => {
  const text = `${AGAIN}\n4s dev1 dirty-bits 3 0x1000 0x8000\n4s dev1 log report 0x0 0x100000`;
  assert.deepEqual(dma(text), ['dirty-again critical']);
  assert.equal(judged(text).violations[0]?.confidence, 'medium');
  assert.equal(
    judged(text.replace('4s', '2050ms').replace('4s', '2050ms').replace('3s', '2020ms')).violations[0]
      ?.confidence,
    'low',
  );
});

test('dma-dirty: kept where the second report is empty', () => {
  assert.deepEqual(dma(`${AGAIN}\n4s dev1 dirty-bits 0\n4s dev1 log report 0x0 0x100000`), ['kept']);
});

test('dma-dirty: the first report tells of the time before; other memory, type1 and running devices are no matter', () => {
  assert.deepEqual(dma(`${HALTED}\n3s dev1 dirty-bits 9 0x0 0x9000\n3s dev1 log report 0x0 0x100000`), []);
  assert.deepEqual(
    dma(`${AGAIN}\n4s dev1 dirty-bits 1 0x400000 0x400000\n4s dev1 log report 0x400000 0x100000`),
    [],
  );
  assert.deepEqual(
    dma(
      `${OPENED}\n1s container1 track start\n2s dev1 set STOP\n3s container1 track report\n4s container1 track report`,
    ),
    [],
  );
  const running = `${TRACKED}\n2s dev1 log report\n3s dev1 dirty-bits 1 0 0\n3s dev1 log report`;
  assert.deepEqual(dma(running), []);
});

test('dma-dirty: a report that may have been asked for before the halt proves nothing', () => {
  const other = `${HALTED}\n3s dev1 log report 0x0 0x100000 tid=7`;
  assert.deepEqual(
    dma(`${other}\n4s dev1 dirty-bits 1 0 0 tid=7\n4s dev1 log report 0x0 0x100000 tid=7`),
    [],
  );
  const third = '5s dev1 dirty-bits 1 0 0 tid=7\n5s dev1 log report 0x0 0x100000 tid=7';
  assert.deepEqual(dma(`${other}\n4s dev1 log report 0x0 0x100000 tid=7\n${third}`), [
    'dirty-again critical',
  ]);
});

test('dma-dirty: unknown where the content was not seen, or only a part of it', () => {
  assert.deepEqual(dma(`${AGAIN}\n4s dev1 log report 0x0 0x100000`), ['unknown']);
  assert.deepEqual(dma(`${AGAIN}\n4s dev1 dirty-bits 0 partial=1\n4s dev1 log report 0x0 0x100000`), [
    'unknown',
  ]);
});

const gap = (text: string) => verdicts('dirty-range-gap', text);

test('dirty-range-gap: memory mapped outside of what is tracked', () => {
  assert.deepEqual(gap(`${TRACKED}\n2s container1 map 0x20000000 0x1000\n3s tick\n4s tick`), [
    'outside warning',
  ]);
  assert.deepEqual(gap(`${TRACKED}\n2s container1 map 0x0ffff000 0x2000\n3s tick`), ['outside warning']);
});

test('dirty-range-gap: kept inside; BARs, new mappings of the same memory and halted devices are no matter', () => {
  assert.deepEqual(gap(`${TRACKED}\n2s container1 map 0x1000 0x1000\n3s tick`), ['kept']);
  const bar = '2s container1 map 0x20000000 0x1000\n2s container1 p2p dev1 bar0+0 0x20000000 0x1000';
  assert.deepEqual(gap(`${TRACKED}\n${bar}\n3s tick`), []);
  assert.deepEqual(gap(`${TRACKED}\n2s container1 map 0x20000000 0x1000 flags=4\n3s tick`), []);
  assert.deepEqual(gap(`${HALTED}\n2500ms container1 map 0x20000000 0x1000\n3s tick`), []);
  assert.deepEqual(gap(`${OPENED}\n2s container1 map 0x20000000 0x1000\n3s tick`), []);
});

test('dirty-range-gap: unknown where the ranges were not seen', () => {
  assert.deepEqual(gap(`${OPENED}\n1s dev1 log start\n2s container1 map 0x20000000 0x1000\n3s tick`), [
    'unknown',
  ]);
  assert.deepEqual(gap(`${TRACKED}\n2s lost crit 1\n2s container1 map 0x20000000 0x1000\n3s tick`), [
    'unknown',
    'unknown',
  ]);
});

const final = (text: string) => verdicts('dirty-no-final-report', text);
const SAVED = '5s dev1 data read 0\n6s dev1 set STOP\n7s dev1 data release';
const PRE_COPY = '1s dev1 set PRE_COPY';
const source = (tracking: string, last: string, end = '8s dev1 closed exit=0') =>
  `${OPENED}\n${tracking}\n3s dev1 set STOP_COPY\n${last}\n${SAVED}\n${end}`;
const DEVICE = `${PRE_COPY}\n1100ms dev1 log start\n2s dev1 log report 0x0 0x1000\n2s dev1 log report 0x8000 0x1000`;
const TYPE1 = `${PRE_COPY}\n1100ms container1 track start\n2s container1 track report 0x0 0x1000`;

test('no-final-report: what was reported before the halt and not after it', () => {
  assert.deepEqual(final(source(DEVICE, '4s dev1 log report 0x0 0x1000')), ['range-missing critical']);
  assert.deepEqual(final(source(DEVICE, '4s tick')), ['range-missing critical']);
  assert.deepEqual(final(source(TYPE1, '4s tick')), ['range-missing critical']);
  assert.deepEqual(final(source(`${PRE_COPY}\n1100ms dev1 log start`, '4s tick')), [
    'never-reported critical',
  ]);
});

test('no-final-report: kept where all of it was; unmapped memory needs no report', () => {
  assert.deepEqual(final(source(DEVICE, '4s dev1 log report 0x0 0x10000')), ['kept']);
  assert.deepEqual(final(source(TYPE1, '4s container1 track report 0x0 0x1000 tid=100')), ['kept']);
  assert.deepEqual(final(source(`${PRE_COPY}\n1100ms dev1 log start`, '4s dev1 log report')), ['kept']);
  const less = `${DEVICE}\n2500ms container1 unmap 0x8000 0x1000`;
  assert.deepEqual(final(source(less, '4s dev1 log report 0x0 0x1000')), ['kept']);
});

test('no-final-report: the last of two devices counts', () => {
  const two = (between: string) => `${OPENED}\n0 dev2 opened pci mlx5_vfio_pci container=1
    1s container1 track start\n1s dev1 set PRE_COPY\n1100ms dev2 set PRE_COPY\n2s container1 track report 0x0 0x1000
    3s dev1 set STOP_COPY\n${between}\n5s dev1 data read 0\n5s dev2 data read 0\n6s dev1 set STOP\n6100ms dev2 set STOP
    8s dev1 closed exit=0\n8s dev2 closed exit=0`;
  const report = 'container1 track report 0x0 0x1000 tid=100';
  assert.deepEqual(final(two(`3500ms ${report}\n4s dev2 set STOP_COPY`)), ['range-missing critical']);
  assert.deepEqual(final(two(`3500ms dev2 set STOP_COPY\n4s ${report}`)), ['kept']);
});

test('no-final-report: silent in a rollback, without tracking, where reports fail, without STOP_COPY', () => {
  const back = `${OPENED}\n${DEVICE}\n3s dev1 set STOP_COPY\n5s dev1 data read 0\n6s dev1 set RUNNING\n7s dev1 closed`;
  assert.deepEqual(final(back), []);
  assert.deepEqual(final(source(PRE_COPY, '4s tick')), []);
  // mtty on a kernel without IOVA bitmaps: dirty-report-error has said so.
  assert.deepEqual(
    final(source(`${PRE_COPY}\n1100ms dev1 log start`, '4s dev1 log report -> -EOPNOTSUPP')),
    [],
  );
  assert.deepEqual(final(`${OPENED}\n1s dev1 log start\n2s dev1 log report\n3s dev1 closed exit=0`), []);
});

test('no-final-report: unknown after a loss, of a killed process, and of a report of uncertain time', () => {
  assert.deepEqual(final(source(DEVICE, '4s lost crit 1')), ['unknown']);
  assert.deepEqual(final(source(DEVICE, '4s tick', '8s dev1 closed signal=9')), ['unknown']);
  assert.deepEqual(final(source(DEVICE, '4s dev1 log report tid=7')), ['unknown']);
});

const unmap = (text: string) => verdicts('dma-unmap-drops-dirty', text);
const HIGH = '0x100000000 0x1000';
const END = '5s dev1 data read 0\n6s dev1 set STOP';

test('unmap-drops-dirty: what is never reported again is lost', () => {
  const type1 = `${OPENED}\n1s container1 track start\n1s dev1 set PRE_COPY\n2s container1 unmap ${HIGH}`;
  assert.deepEqual(unmap(type1), ['unreported info']);
  assert.deepEqual(unmap(`${type1}\n3s dev1 set STOP_COPY\n${END}`), [
    'unreported info',
    'never-reported warning',
  ]);
  const own = `${TRACKED}\n1s dev1 set PRE_COPY\n2s container1 unmap ${HIGH}\n3s dev1 set STOP_COPY`;
  assert.deepEqual(unmap(`${own}\n${END}`), ['unreported info', 'never-reported warning']);
  const mdev = '0 m1 opened mdev mtty container=1\n1s container1 track start';
  assert.deepEqual(unmap(`${mdev}\n2s container1 unmap ${HIGH}`), ['forgotten info']);
});

test('unmap-drops-dirty: kept with the bitmap, after the last report, or reported later', () => {
  assert.deepEqual(unmap(`${OPENED}\n1s container1 track start\n2s container1 unmap ${HIGH} flags=1`), [
    'kept',
  ]);
  const halted = `${TRACKED}\n2s dev1 set STOP_COPY\n3s dev1 log report 0x0 0x200000000`;
  assert.deepEqual(unmap(`${halted}\n4s container1 unmap ${HIGH}`), ['kept']);
  const later = `${TRACKED}\n1s dev1 set PRE_COPY\n2s container1 unmap ${HIGH}\n3s dev1 set STOP_COPY\n4s dev1 log report ${HIGH}`;
  assert.deepEqual(unmap(`${later}\n${END}`), ['unreported info', 'kept']);
  // Firmware moves a shadow: RAM is unmapped as a whole, and mapped and reported in pieces.
  const pieces = `${TRACKED}\n1s dev1 set PRE_COPY\n2s container1 unmap 0x0 0x4000000\n3s dev1 set STOP_COPY`;
  const first = `${pieces}\n4s dev1 log report 0x0 0xc3000`;
  assert.deepEqual(unmap(`${first}\n4s dev1 log report 0xc3000 0x3f3d000\n${END}`), [
    'unreported info',
    'kept',
  ]);
  assert.deepEqual(unmap(`${first}\n4s dev1 log report 0xc3000 0x3f3c000\n${END}`), [
    'unreported info',
    'never-reported warning',
  ]);
});

test('unmap-drops-dirty: low memory, BARs, no tracking, VADDR and the end of the source are no matter', () => {
  assert.deepEqual(unmap(`${TRACKED}\n2s container1 unmap 0xe0000 0x20000`), ['low-memory info']);
  const bar = `container1 map ${HIGH}\n2s container1 p2p dev1 bar0+0 ${HIGH}\n3s container1 gone ${HIGH}\n3s container1 unmap ${HIGH}`;
  assert.deepEqual(unmap(`${TRACKED}\n2s ${bar}`), []);
  assert.deepEqual(unmap(`${OPENED}\n2s container1 unmap ${HIGH}`), []);
  assert.deepEqual(unmap(`${TRACKED}\n2s container1 unmap ${HIGH} flags=4`), []);
  const over = `${TRACKED}\n2s dev1 set STOP_COPY\n${END}\n7s container1 unmap ${HIGH}`;
  assert.deepEqual(unmap(over), ['kept']);
});

test('unmap-drops-dirty: unknown where it is not known who tracks, and after a loss', () => {
  assert.deepEqual(unmap(`0 dev1 found pci mlx5_vfio_pci container=1\n2s container1 unmap ${HIGH}`), [
    'unknown',
  ]);
  assert.deepEqual(unmap(`${TRACKED}\n2s lost crit 1\n3s container1 unmap ${HIGH}`), ['unknown']);
});
