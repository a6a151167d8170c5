// SPDX-License-Identifier: Apache-2.0
/** How long the guest did without its device. Budget: 300 ms. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged, verdicts } from '../run.js';

const blackout = (text: string) => verdicts('blackout-budget-exceeded', text);

/** Stop pass of 50 ms, then reads from 1200 ms until `end`. */
const source = (end: string) => `
  0       dev1 opened pci mlx5_vfio_pci
  100ms   dev1 set PRE_COPY
  1000ms  dev1 set PRE_COPY_P2P took=10ms
  1020ms  dev1 set STOP_COPY took=30ms
  1200ms  dev1 data read 1000
  ${end}  dev1 data read 0`;

test('source: stop pass plus drain, against the budget and ten times the budget', () => {
  assert.deepEqual(blackout(source('1450ms')), ['kept']);
  assert.deepEqual(blackout(source('1451ms')), ['over-budget warning']);
  assert.deepEqual(blackout(source('4150ms')), ['over-budget warning']);
  assert.deepEqual(blackout(source('4151ms')), ['over-budget critical']);
});

test('source: the evidence says which part was slow', () => {
  const [v] = judged(source('2s')).violations;
  assert.deepEqual(v?.evidence, {
    stop_pass_ns: 50e6,
    drain_ns: 800e6,
    bytes: 1000,
    total_ns: 850e6,
    budget_ns: 300e6,
  });
});

test('source: the wait between STOP_COPY and the first read is pause-before-switchover and not counted', () => {
  assert.deepEqual(blackout(source('3600s').replace('1200ms', '3599900ms').replace('3600s', '3600000ms')), [
    'kept',
  ]);
});

test('source: only the first end in STOP_COPY counts', () => {
  assert.deepEqual(blackout(`${source('1300ms')}\n9s dev1 data read 0`), ['kept']);
  const zeroes = source('1300ms').replace('1000ms  dev1', '900ms dev1 data read 0\n  1000ms dev1');
  assert.deepEqual(blackout(zeroes), ['kept']);
});

test('source: STOP_COPY to STOP comes after completion', () => {
  assert.deepEqual(blackout(`${source('1300ms')}\n2s dev1 set STOP took=5s`), ['kept']);
});

test('source: unknown after loss, and where leaving RUNNING was not seen', () => {
  assert.deepEqual(blackout(source('2s').replace('1200ms', '1100ms lost bulk 1\n1200ms')), ['unknown']);
  const late = source('2s')
    .replace('opened pci mlx5_vfio_pci', 'found pci mlx5_vfio_pci in=RUNNING_P2P')
    .replace(/.*set PRE_COPY.*\n/g, '');
  assert.deepEqual(blackout(late), ['unknown']);
  const jump = source('2s').replace('1020ms', '1015ms dev1 skips 1\n1020ms');
  assert.deepEqual(blackout(jump), ['unknown']);
});

/** Paused an hour before it is migrated. */
const paused = (end: string) => `
  0          dev1 opened pci mlx5_vfio_pci
  1s         dev1 set STOP
  3600s      dev1 log start
  3601s      dev1 set STOP_COPY
  3601100ms  dev1 data read 1000
  ${end}     dev1 data read 0`;

test('source: a guest that had been paused before is no blackout, and a pause is not told from a final pass', () => {
  assert.deepEqual(blackout(paused('3601200ms')), ['unknown']);
  const direct = paused('1200ms')
    .replace('3601100ms', '1100ms')
    .replace('3601s', '1010ms')
    .replace('3600s', '1005ms');
  assert.deepEqual(blackout(direct), ['kept']);
});

test('source: time stopped begins anew when the guest ran in between, though the dirty log went on', () => {
  const text = source('1300ms').replace(
    '100ms   dev1',
    `10ms dev1 log start
    20ms  dev1 set STOP
    800ms dev1 set RUNNING
    900ms dev1`,
  );
  assert.deepEqual(blackout(text), ['kept']);
});

test('source: a refused request does not begin a blackout', () => {
  const text = source('1300ms').replace(
    '100ms   dev1',
    '50ms dev1 set 9\n60ms dev1 set STOP -> -EBUSY after=0\n100ms dev1',
  );
  assert.deepEqual(blackout(text), ['kept']);
});

const RESUMED = `
  0       dev1 opened pci mlx5_vfio_pci
  1s      dev1 set RESUMING
  3600s   dev1 data write 60`;

test('destination: from the SET_STATE that leaves RESUMING to RUNNING', () => {
  const direct = (took: string) => blackout(`${RESUMED}\n3601s dev1 set RUNNING took=${took}`);
  assert.deepEqual(direct('300ms'), ['kept']);
  assert.deepEqual(direct('301ms'), ['over-budget warning']);
  assert.deepEqual(direct('3001ms'), ['over-budget critical']);
});

test('destination: both passes and what lies between them', () => {
  const passes = (second: string) =>
    blackout(`${RESUMED}\n3601s dev1 set RUNNING_P2P took=100ms\n${second} dev1 set RUNNING took=100ms`);
  assert.deepEqual(passes('3601200ms'), ['kept']);
  assert.deepEqual(passes('3601201ms'), ['over-budget warning']);
});

test('destination: a wait in STOP is left out, the load before it is not', () => {
  const byStop = (load: string, start: string) =>
    blackout(`${RESUMED}\n3601s dev1 set STOP took=${load}\n3700s dev1 set RUNNING took=${start}`);
  assert.deepEqual(byStop('200ms', '100ms'), ['kept']);
  assert.deepEqual(byStop('201ms', '100ms'), ['over-budget warning']);
  const inPasses = `${RESUMED}\n3601s dev1 set STOP\n3700s dev1 set RUNNING_P2P\n3700400ms dev1 set RUNNING`;
  assert.deepEqual(blackout(inPasses), ['over-budget warning']);
});

test('destination: a pause and a failed start are not judged, an unseen entry is unknown', () => {
  assert.deepEqual(blackout('0 dev1 opened pci mlx5_vfio_pci\n1s dev1 set STOP\n9s dev1 set RUNNING'), []);
  assert.deepEqual(blackout(`${RESUMED}\n3601s dev1 set RUNNING took=9s -> -EIO`), []);
  assert.deepEqual(
    blackout(`${RESUMED}\n3601s dev1 set RUNNING took=9s {\n3650s dev1 skips 1\n3651s dev1 }`),
    ['unknown'],
  );
});
