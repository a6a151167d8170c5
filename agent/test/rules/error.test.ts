// SPDX-License-Identifier: Apache-2.0
/** ERROR: getting there, and getting out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged, verdicts } from '../run.js';

const OPENED = '0 dev1 opened pci pds_vfio_pci flags=stop-copy,p2p';

const entered = (text: string) => verdicts('error-state-entered', text);
const notReset = (text: string) => verdicts('error-not-reset', text);

const FAILED = `${OPENED}\n1s dev1 set STOP -> -EIO now=ERROR`;
const ERROR = `${FAILED}\n1100ms dev1 get ERROR\n1200ms dev1 get ERROR`;

test('entered: other states are kept', () => {
  assert.deepEqual(entered(`${OPENED}\n1s dev1 get RUNNING\n2s dev1 set STOP`), ['kept', 'kept', 'kept']);
});

test('entered: the first sighting may be a misread, the second is not', () => {
  assert.deepEqual(entered(`${FAILED}\n2s dev1 get ERROR`), ['kept', 'kept', 'unknown']);
  assert.deepEqual(entered(`${ERROR}\n2s dev1 get ERROR`), ['kept', 'kept', 'unknown', 'error critical']);
});

test('entered: the sightings must follow each other', () => {
  const text = `${OPENED}\n1s dev1 get ERROR\n2s dev1 get RUNNING\n3s dev1 get ERROR`;
  assert.deepEqual(entered(text), ['unknown', 'kept', 'unknown']);
});

test('entered: an arc that begins in ERROR is a sighting', () => {
  const text = `${FAILED}\n2s dev1 get ERROR\n3s dev1 set RUNNING`;
  assert.deepEqual(entered(text), ['kept', 'kept', 'unknown', 'error critical']);
});

test('entered: a GET that failed or could not be read says nothing', () => {
  assert.deepEqual(entered(`${OPENED}\n1s dev1 get ERROR -> -EFAULT\n2s dev1 get ERROR miss=1`), []);
});

test('entered: the last SET_STATE is in the evidence', () => {
  const [v] = judged(ERROR).violations.filter(({ rule }) => rule === 'error-state-entered');
  assert.deepEqual([v?.state, v?.evidence.before], ['unknown', 'unknown']);
  assert.match(JSON.stringify(v?.evidence.last_set), /"requested":"STOP".*"ret":-5/);
});

test('a sighting of ERROR in another state leaves no state to judge by', () => {
  const text = `${OPENED}\n1s dev1 set STOP\n2s dev1 get ERROR\n3s dev1 region write bar0+0 4`;
  assert.deepEqual(verdicts('mmio-rw-while-halted', text), ['unknown']);
});

test('not-reset: reset in time is kept', () => {
  assert.deepEqual(notReset(`${ERROR}\n2s dev1 reset`), ['kept']);
  assert.deepEqual(notReset(`${ERROR}\n2s tick`), []);
  assert.deepEqual(notReset(`${ERROR}\n2s dev1 reset\n20s tick`), ['kept']);
  assert.deepEqual(notReset(`${ERROR}\n2s dev1 closed exit=1\n20s tick`), []);
});

test('not-reset: whatever uses the device before its reset', () => {
  const used = ['used-in-error warning'];
  for (const use of ['fault mapped bar0+0', 'fault refused bar0+0', 'ioeventfd bar0+0 4', 'log start'])
    assert.deepEqual(notReset(`${ERROR}\n2s dev1 ${use}`), used, use);
  for (const other of ['fault mapped bar0+0 prefault=1', 'fault retried bar0+0', 'log stop', 'get ERROR'])
    assert.deepEqual(notReset(`${ERROR}\n2s dev1 ${other}`), [], other);
});

test('not-reset: a failed reset is none', () => {
  assert.deepEqual(notReset(`${ERROR}\n2s dev1 reset -> -EIO\n7s tick`), ['not-reset warning']);
});

test('not-reset: warning after 5 s, critical after 60 s, each once', () => {
  const ticks = ['6100ms', '6300ms', '7s', '61100ms', '61300ms', '63s'];
  const text = (n: number) =>
    `${ERROR}\n${ticks
      .slice(0, n)
      .map((at) => `${at} tick`)
      .join('\n')}`;
  assert.deepEqual(notReset(text(1)), []);
  assert.deepEqual(notReset(text(4)), ['not-reset warning']);
  assert.deepEqual(notReset(text(6)), ['not-reset warning', 'never-reset critical']);
});

test('not-reset: using the device before the reset is a warning at once', () => {
  for (const use of ['set RUNNING', 'region read bar0+0 4', 'region write config+4 2'])
    assert.deepEqual(notReset(`${ERROR}\n2s dev1 ${use}`), ['used-in-error warning'], use);
});

test('not-reset: a device that is not known to be in ERROR is not judged', () => {
  assert.deepEqual(notReset(`${FAILED}\n1500ms dev1 get ERROR\n20s tick`), []);
});

test('not-reset: unknown while a reset may have been lost', () => {
  assert.deepEqual(notReset(`${ERROR}\n2s lost crit 1\n3s tick\n7s tick\n8s tick`), ['unknown', 'unknown']);
  assert.deepEqual(notReset(`0 lost crit 1\n0 tick\n0 tick\n${ERROR}\n7s tick`), ['not-reset warning']);
});
