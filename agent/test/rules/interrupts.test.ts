// SPDX-License-Identifier: Apache-2.0
/** Interrupts of a stopped device. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged, type Options, verdicts } from '../run.js';

const OPENED = '0 dev1 opened pci mlx5_vfio_pci';
const irq = (text: string, options?: Options) => verdicts('irq-while-halted', text, options);

/** Interrupts so many ms after a landing. */
const after = (state: string, ...ms: number[]) =>
  [OPENED, `1s dev1 set ${state} took=0`, ...ms.map((n) => `${1000 + n}ms dev1 irq MSI tid=9`)].join('\n');

test('irq: the first is a warning, the second critical', () => {
  for (const state of ['STOP', 'STOP_COPY', 'RESUMING'])
    assert.deepEqual(irq(after(state, 20, 30)), ['interrupt warning', 'interrupts critical']);
  assert.deepEqual(irq(after('STOP', 20), { profile: 'seed-strict' }), ['interrupt warning']);
});

test('irq: any, 100 ms after the halt', () => {
  assert.deepEqual(irq(after('STOP', 99)), ['interrupt warning']);
  assert.deepEqual(irq(after('STOP', 100)), ['interrupts critical']);
});

test('irq: within 5 ms it was under way before, and does not count later either', () => {
  assert.deepEqual(irq(after('STOP', 1, 4)), ['unknown', 'unknown']);
  assert.deepEqual(irq(after('STOP', 1, 20)), ['unknown', 'interrupt warning']);
  // The handler's thread is whoever was interrupted: no shorter grace for the one that set the state.
  assert.deepEqual(irq(after('STOP', 1).replace('tid=9', 'tid=100')), ['unknown']);
});

test('irq: a device that may run may interrupt', () => {
  assert.deepEqual(irq(after('RUNNING_P2P', 20)), ['kept']);
  assert.deepEqual(irq(after('PRE_COPY_P2P', 20)), ['kept']);
});

test('irq: unmasking lets a held interrupt go', () => {
  const text = (before: string, ms: number) => `${OPENED}
    1s              dev1 set RESUMING
    2000ms          dev1 ${before}
    ${2000 + ms}ms  dev1 irq MSI`;
  assert.deepEqual(irq(text('irqs MSIX', 5)), ['pba_release info']);
  assert.deepEqual(irq(text('memory-enable', 1)), ['pba_release info']);
  assert.deepEqual(irq(text('irqs MSIX', 6)), ['interrupts critical']);
});

test('irq: from STOP to STOP_COPY the device stays halted', () => {
  const text = `${OPENED}
    1s      dev1 set STOP took=0
    60s     dev1 set STOP_COPY took=0
    60020ms dev1 irq MSI`;
  assert.deepEqual(irq(text), ['interrupts critical']);
  assert.equal(judged(text).violations.at(-1)?.evidence.since_halted_ns, 59.02e9);
});

test('irq: a new halt begins a new count', () => {
  const text = `${after('STOP', 20)}
    2s     dev1 set RUNNING took=0
    3s     dev1 set STOP took=0
    3020ms dev1 irq MSI`;
  assert.deepEqual(irq(text), ['interrupt warning', 'interrupt warning']);
});

test('irq: a state that GET told of holds since then', () => {
  const text = (ms: number) => `${OPENED}
    1s              dev1 set STOP
    2s              dev1 skips 0 now=RUNNING
    3s              dev1 get RUNNING
    4s              dev1 get STOP
    ${4000 + ms}ms  dev1 irq MSI`;
  assert.deepEqual(irq(text(20)), ['interrupt warning']);
  assert.deepEqual(irq(text(200)), ['interrupts critical']);
});

test('irq: in a transition, in an unknown state, out of step: unknown', () => {
  assert.deepEqual(irq('0 dev1 found pci mlx5_vfio_pci\n1s dev1 irq MSI'), ['unknown']);
  assert.deepEqual(irq(after('STOP', 20).replace('tid=9', 'late=1')), ['unknown']);
  const inside = `${OPENED}
    1s dev1 set STOP
    2s dev1 set RUNNING {
    3s dev1 irq MSI
    4s dev1 }`;
  assert.deepEqual(irq(inside), ['unknown']);
});

test('irq: which line, how many', () => {
  const [v] = judged(`${after('STOP')}\n1020ms dev1 irq INTX irq=17`).violations;
  assert.deepEqual(v?.evidence, { irq: 17, line: 'INTx', since_halted_ns: 20e6, count: 1 });
  assert.equal(v?.party, 'device');
});
