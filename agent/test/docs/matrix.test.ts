// SPDX-License-Identifier: Apache-2.0
/** Cells of docs/actions.md that can be read off include/uapi/linux/vfio.h without our rules. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ACTIONS } from '../../docs/actions.js';
import { cell, type StateName } from '../../docs/matrix.js';
import { STATE_NAMES } from '../../src/model/fsm.js';

function verdict(what: string, state: StateName, profile: 'uapi' | 'seed-strict' = 'uapi'): string {
  const action = ACTIONS.find((a) => a.what.startsWith(what));
  assert.ok(action, what);
  const { verdict: v, findings } = cell(state, action, profile);
  return [v, ...findings.map((f) => `${f.norm} ${f.rule}`)].join(' ');
}

test('STOP: "must not generate interrupts, DMA"; the same in STOP_COPY, which keeps the state', () => {
  for (const state of ['STOP', 'STOP_COPY'] as const) {
    assert.equal(verdict('interrupt', state), 'forbidden N1 irq-while-halted');
    assert.equal(verdict('DMA (', state), 'forbidden N1 iommu-fault-while-halted');
  }
  for (const state of ['RUNNING', 'PRE_COPY', 'RUNNING_P2P'] as const) {
    assert.equal(verdict('interrupt', state), 'allowed');
    assert.equal(verdict('DMA (', state), 'allowed');
  }
});

test('STOP: "must accept and respond to ... PCI MSI-X and PCI config space"', () => {
  assert.equal(verdict('config space: write COMMAND', 'STOP'), 'allowed');
  assert.equal(verdict('SET_IRQS: eventfds', 'STOP'), 'allowed');
});

test('STOP_COPY: "restrict access to vfio device regions"', () => {
  assert.equal(verdict('read() of a BAR', 'STOP_COPY'), 'forbidden N1 mmio-rw-while-halted');
  assert.equal(verdict('config space: write COMMAND', 'STOP_COPY'), 'forbidden N1 config-write-while-halted');
});

test('RUNNING_P2P: "Like while in STOP or STOP_COPY the user must not touch the device"', () => {
  for (const state of ['RUNNING_P2P', 'PRE_COPY_P2P'] as const)
    assert.equal(verdict('write() to a BAR', state), 'forbidden N1 mmio-access-in-p2p-state');
});

test('a device that runs may be used in every way', () => {
  const state = 'RUNNING';
  for (const { what } of ACTIONS)
    if (!what.startsWith('data_fd') && !what.startsWith('MIG_GET_PRECOPY_INFO'))
      assert.match(verdict(what, state), /^(allowed|not judged)$/, what);
});

test('PRECOPY_INFO "is valid only in PRE_COPY states"', () => {
  const valid = STATE_NAMES.filter((s) => verdict('MIG_GET_PRECOPY_INFO', s) === 'allowed');
  assert.deepEqual(valid, ['PRE_COPY', 'PRE_COPY_P2P']);
});

test('data_fd: read in the saving group, written in RESUMING, in no other state', () => {
  const allowed = (what: string) => STATE_NAMES.filter((s) => verdict(what, s) === 'allowed');
  assert.deepEqual(allowed('data_fd: read'), ['STOP_COPY', 'PRE_COPY', 'PRE_COPY_P2P']);
  assert.deepEqual(allowed('data_fd: write'), ['RESUMING']);
});

test('ERROR: "VFIO_DEVICE_RESET must be used"', () => {
  assert.match(verdict('read() of a BAR', 'ERROR'), /^forbidden N1 error-not-reset/);
  assert.match(verdict('VFIO_DEVICE_RESET', 'ERROR'), /^(allowed|tolerated)/);
});

test('a peer that runs and has the BAR mapped: only while the device is halted', () => {
  const what = 'peer RUNNING while';
  for (const state of ['STOP', 'STOP_COPY', 'RESUMING'] as const)
    assert.equal(verdict(what, state), 'forbidden N1 p2p-window-open');
  for (const state of ['RUNNING', 'RUNNING_P2P'] as const)
    assert.match(verdict(what, state), /allowed|not judged/);
});

test('SET_IRQS in RESUMING: tolerated by the merged text, forbidden by the original intent', () => {
  assert.equal(verdict('SET_IRQS: eventfds', 'RESUMING'), 'tolerated N3 set-irqs-in-resuming');
  assert.equal(verdict('SET_IRQS: eventfds', 'RESUMING', 'seed-strict'), 'forbidden N3 set-irqs-in-resuming');
});
