// SPDX-License-Identifier: Apache-2.0
/** Reset and close in the middle of a migration, and what the agent could not see. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findings, verdicts } from '../run.js';

const OPENED = '0 dev1 opened pci mlx5_vfio_pci';

const resets = (text: string) => verdicts('reset-during-migration', text);
const closes = (text: string) => verdicts('close-mid-migration', text);
const gaps = (text: string) => verdicts('observability-gap', text, { preamble: false });

const inState = (state: string, what: string) => `${OPENED}\n1s dev1 set ${state}\n5s dev1 ${what}`;

test('reset: in RUNNING and STOP nothing is lost', () => {
  assert.deepEqual(resets(inState('RUNNING', 'reset')), ['kept']);
  assert.deepEqual(resets(inState('STOP', 'reset hot')), ['kept']);
  assert.deepEqual(resets(inState('STOP', 'reset function tgid=1')), ['kept']);
});

test('reset: by the state that it destroys', () => {
  assert.deepEqual(resets(inState('RESUMING', 'reset')), ['resume-abort info']);
  assert.deepEqual(resets(inState('PRE_COPY', 'reset')), ['guest-reboot warning']);
  assert.deepEqual(resets(inState('PRE_COPY_P2P', 'reset')), ['unexplained warning']);
  assert.deepEqual(resets(inState('RUNNING_P2P', 'reset')), ['unexplained warning']);
  assert.deepEqual(resets(inState('STOP_COPY', 'reset')), ['unexplained critical']);
  assert.deepEqual(resets(inState('STOP_COPY', 'data read 0\n6s dev1 reset')), ['unexplained warning']);
});

test('reset: by another process, wherever it hurts, is critical', () => {
  for (const state of ['RESUMING', 'PRE_COPY', 'STOP_COPY', 'RUNNING_P2P'])
    assert.deepEqual(resets(inState(state, 'reset function tgid=1')), ['foreign critical'], state);
});

test('reset: a failed one changes nothing', () => {
  assert.deepEqual(resets(inState('STOP_COPY', 'reset -> -EIO')), []);
});

test('reset: within a second of the failed SET_STATE it is the recovery, however long it takes', () => {
  const failed = `${OPENED}\n1s dev1 set PRE_COPY\n2s dev1 set STOP_COPY -> -EIO after=1`;
  assert.deepEqual(resets(`${failed}\n2900ms dev1 reset`), ['recovery info']);
  assert.deepEqual(resets(`${failed}\n9s dev1 reset took=6500ms`), ['recovery info']);
  assert.deepEqual(resets(`${failed}\n9s dev1 reset`), ['guest-reboot warning']);
  assert.deepEqual(resets(`${failed}\n2900ms dev1 reset tgid=1`), ['foreign critical']);
});

test('reset: after a refused SET_STATE it is the recovery too', () => {
  const refused = `${OPENED}\n1s dev1 set STOP_COPY\n2s dev1 set PRE_COPY`;
  assert.deepEqual(resets(`${refused}\n2100ms dev1 reset`), ['recovery info']);
  assert.deepEqual(resets(`${OPENED}\n2s dev1 set 9\n2100ms dev1 reset`), ['kept']);
});

test('reset: a rejected load is aborted by reset at any time', () => {
  const rejected = `${OPENED}\n1s dev1 set RESUMING\n2s dev1 set RUNNING -> -EINVAL after=1`;
  assert.deepEqual(resets(`${rejected}\n3s dev1 reset`), ['recovery info']);
  assert.deepEqual(resets(`${rejected}\n9s dev1 reset`), ['resume-abort info']);
});

test('reset: unknown where the state is, or where it was on its way elsewhere', () => {
  assert.deepEqual(resets('0 dev1 found pci mlx5_vfio_pci\n1s dev1 reset'), ['unknown']);
  assert.deepEqual(resets(inState('STOP_COPY', 'skips 1\n6s dev1 reset')), ['unknown']);
  assert.deepEqual(resets(`${OPENED}\n1s dev1 set STOP {\n2s dev1 reset function\n3s dev1 }`), ['unknown']);
  const stuckInRunning = `${OPENED}\n1s dev1 set STOP_COPY -> -EIO after=1\n9s dev1 reset`;
  assert.deepEqual(resets(stuckInRunning), ['unknown']);
});

test('close: in RUNNING, STOP and ERROR is kept, also by a crash', () => {
  assert.deepEqual(closes(inState('RUNNING', 'closed signal=9')), ['kept']);
  assert.deepEqual(closes(inState('STOP', 'closed exit=0')), ['kept']);
  assert.deepEqual(closes(inState('STOP', 'get ERROR\n6s dev1 get ERROR\n7s dev1 closed')), ['kept']);
});

test('close: by the state that it ends', () => {
  for (const how of ['closed', 'closed exit=0', 'closed exit=1']) {
    for (const state of ['PRE_COPY', 'PRE_COPY_P2P', 'RUNNING_P2P', 'STOP_COPY'])
      assert.deepEqual(closes(inState(state, how)), [`in-${state} warning`]);
    assert.deepEqual(closes(inState('RESUMING', how)), ['in-RESUMING info']);
    assert.deepEqual(closes(inState('STOP_COPY', `data read 0\n6s dev1 ${how}`)), ['in-STOP_COPY info']);
  }
});

test('close: killed by a signal is critical, whatever the state', () => {
  for (const state of ['PRE_COPY', 'RUNNING_P2P', 'STOP_COPY', 'RESUMING'])
    assert.deepEqual(closes(inState(state, 'closed signal=11')), [`in-${state} critical`]);
});

test('close: one fd of several is no close, an unknown state no verdict', () => {
  assert.deepEqual(closes(inState('STOP_COPY', 'closed left=1')), []);
  assert.deepEqual(closes('0 dev1 found pci mlx5_vfio_pci\n1s dev1 closed signal=9'), ['unknown']);
  assert.deepEqual(closes(inState('STOP_COPY', 'skips 2\n6s dev1 closed signal=9')), ['unknown']);
});

test('gap: what is fully observed is kept', () => {
  assert.deepEqual(gaps('0 probe fexit vfio_df_open attached\n1s dev1 opened pci mlx5_vfio_pci'), [
    'kept',
    'kept',
  ]);
});

test('gap: a probe that is needed and cannot be attached', () => {
  assert.deepEqual(gaps('0 probe fexit vfio_df_open unavailable'), ['probe-vfio_df_open warning']);
  assert.deepEqual(gaps('0 probe fexit mtty_save_read unavailable required=0'), ['kept']);
  assert.deepEqual(gaps('0 probe fexit mtty_save_read waiting'), []);
});

test('gap: a migratable device found late is info, one without migration is not missed', () => {
  assert.deepEqual(gaps('0 dev1 found pci mlx5_vfio_pci'), ['late-dev1 info']);
  assert.deepEqual(gaps('0 dev1 seen pci mlx5_vfio_pci'), ['late-dev1 info']);
  assert.deepEqual(gaps('0 dev1 found pci vfio-pci flags=none'), ['kept']);
});

test('gap: a loss is info for the host and a warning for each device in an episode', () => {
  const text = `
    0   dev1 opened pci mlx5_vfio_pci
    0   dev2 opened pci mlx5_vfio_pci
    1s  dev2 set PRE_COPY
    2s  lost bulk 5
    3s  lost crit 1`;
  assert.deepEqual(findings(text), [
    'observability-gap lost-bulk info',
    'observability-gap lost-bulk warning',
    'observability-gap lost-crit info',
    'observability-gap lost-crit warning',
  ]);
});
