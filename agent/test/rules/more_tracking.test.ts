// SPDX-License-Identifier: Apache-2.0
/** Dirty tracking: started, stopped and asked as the uAPI has it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findings, judged, verdicts } from '../run.js';

const OPENED = '0 dev1 opened pci mlx5_vfio_pci container=1';
const FOUND = '0 dev1 found pci mlx5_vfio_pci container=1';
const STARTED = `${OPENED}\n1s dev1 log start`;

const twice = (text: string) => verdicts('dirty-start-twice', text);
const notStopped = (text: string) => verdicts('dirty-not-stopped', text);
const inactive = (text: string) => verdicts('dirty-report-inactive', text);
const failed = (text: string) => verdicts('dirty-report-error', text);
const absent = (text: string) => verdicts('dirty-tracking-absent', text);

test('twice: START and STOP in turn are kept', () => {
  assert.deepEqual(twice(`${STARTED}\n2s dev1 log stop\n3s dev1 log start`), ['kept', 'kept']);
});

test('twice: refused is a warning, accepted critical and the driver', () => {
  assert.deepEqual(twice(`${STARTED}\n2s dev1 log start -> -EINVAL`), ['kept', 'refused warning']);
  const accepted = `${STARTED}\n2s dev1 log start`;
  assert.deepEqual(twice(accepted), ['kept', 'accepted critical']);
  assert.equal(judged(accepted).violations[0]?.party, 'driver');
});

test('twice: a reset, a START that failed, a container', () => {
  assert.deepEqual(twice(`${OPENED}\n1s dev1 log start -> -EINVAL\n2s dev1 log start`), ['kept']);
  assert.deepEqual(twice(`${OPENED}\n1s dev1 reset\n2s dev1 log start`), ['kept']);
  assert.deepEqual(twice(`${STARTED}\n2s dev1 reset\n3s dev1 log start -> -EINVAL`), ['kept', 'unknown']);
  assert.deepEqual(twice(`${OPENED}\n1s container1 track start\n2s container1 track start`), []);
});

test('twice: unknown on a device that was open before, or after a loss', () => {
  assert.deepEqual(twice(`${FOUND}\n1s dev1 log start\n2s dev1 log start`), ['unknown', 'accepted critical']);
  assert.deepEqual(twice(`${STARTED}\n2s lost crit 1\n3s dev1 log start`), ['kept', 'unknown']);
});

/** A migration that was given up, its fd closed. */
const CANCELLED = `${STARTED}
  2s dev1 set PRE_COPY
  3s dev1 set RUNNING
  4s dev1 data release`;

test('not-stopped: STOP after START is kept, closing while tracking is info', () => {
  assert.deepEqual(notStopped(`${STARTED}\n2s dev1 log stop\n3s dev1 closed`), ['kept']);
  assert.deepEqual(notStopped(`${STARTED}\n3s dev1 closed exit=0`), ['closed info']);
  assert.deepEqual(notStopped(`${STARTED}\n3s dev1 closed left=1`), []);
});

test('not-stopped: tracking a minute after the migration is a warning', () => {
  assert.deepEqual(notStopped(`${CANCELLED}\n63s tick`), []);
  assert.deepEqual(notStopped(`${CANCELLED}\n65s tick\n70s tick`), ['running warning']);
  assert.deepEqual(notStopped(`${CANCELLED}\n5s dev1 log stop\n70s tick`), ['kept']);
});

test('not-stopped: RAM pre-copy of a device without PRE_COPY, and a pause in pre-copy, are no end', () => {
  assert.deepEqual(notStopped(`${STARTED}\n3600s tick`), []);
  assert.deepEqual(notStopped(`${STARTED}\n2s dev1 set STOP\n3s dev1 set RUNNING\n3600s tick`), []);
  assert.deepEqual(notStopped(`${CANCELLED.replace(/4s.*/, '4s tick')}\n3600s tick`), []);
  const next = `${CANCELLED}\n5s dev1 log stop\n6s dev1 log start\n3600s tick`;
  assert.deepEqual(notStopped(next), ['kept']); // the next migration copies RAM
});

test('not-stopped: STOP without START is info; pds stops by itself', () => {
  assert.deepEqual(notStopped(`${OPENED}\n1s dev1 log stop`), ['stop-without-start info']);
  const pds = `${STARTED.replace('mlx5', 'pds')}\n2s dev1 set STOP_COPY\n3s dev1 data read 0\n4s dev1 set STOP`;
  assert.deepEqual(notStopped(`${pds}\n5s dev1 closed exit=0`), []);
});

test('not-stopped: unknown where a START or a STOP may be lost', () => {
  assert.deepEqual(notStopped(`${FOUND}\n1s dev1 log stop`), ['unknown']);
  assert.deepEqual(notStopped(`${STARTED}\n2s lost crit 1\n3s dev1 closed`), ['unknown']);
  assert.deepEqual(notStopped(`${CANCELLED}\n64s lost crit 1\n65s tick`), ['unknown']);
});

test('inactive: a report of what is tracked is kept', () => {
  assert.deepEqual(inactive(`${STARTED}\n2s dev1 log report\n3s dev1 log report -> -EIO`), ['kept', 'kept']);
});

test('inactive: refused is the user, answered the driver, but for mtty', () => {
  assert.deepEqual(inactive(`${OPENED}\n2s dev1 log report -> -EINVAL`), ['refused warning']);
  const answered = `${STARTED}\n2s dev1 log stop\n3s dev1 log report`;
  assert.deepEqual(inactive(answered), ['answered warning']);
  assert.equal(judged(answered).violations[0]?.party, 'driver');
  assert.deepEqual(inactive('0 dev1 opened mdev mtty\n2s dev1 log report'), []);
  assert.deepEqual(inactive(`${OPENED}\n2s container1 track report -> -EINVAL`), []);
});

test('inactive: a reset explains it; unknown after one, late, or after a loss', () => {
  assert.deepEqual(inactive(`${STARTED}\n2s dev1 reset\n3s dev1 log report -> -EINVAL`), []);
  assert.deepEqual(inactive(`${STARTED}\n2s dev1 reset\n9s dev1 log report -> -EINVAL`), ['unknown']);
  assert.deepEqual(inactive(`${FOUND}\n2s dev1 log report -> -EINVAL`), ['unknown']);
  assert.deepEqual(inactive(`${OPENED}\n1s lost crit 1\n2s dev1 log report -> -EINVAL`), ['unknown']);
});

const REPORT_FAILED = `${STARTED}\n2s dev1 set PRE_COPY\n3s dev1 log report -> -EIO`;
const DRAINED = '8s dev1 set STOP_COPY\n9s dev1 data read 60\n10s dev1 data read 0';

test('report: kept, or a warning, and critical if the stream ends all the same', () => {
  assert.deepEqual(failed(`${STARTED}\n2s dev1 log report`), ['kept']);
  assert.deepEqual(failed(REPORT_FAILED), ['failed warning']);
  assert.deepEqual(failed(`${REPORT_FAILED}\n${DRAINED}`), ['failed warning', 'unheeded critical']);
  assert.deepEqual(failed(`${REPORT_FAILED}\n4s dev1 log report\n${DRAINED}`), [
    'failed warning',
    'kept',
    'unheeded critical',
  ]);
});

test('report: a restart or a rollback heeds it, a signal is no failure', () => {
  for (const heed of ['log stop\n5s dev1 log start', 'set RUNNING\n5s dev1 set PRE_COPY', 'reset'])
    assert.deepEqual(failed(`${REPORT_FAILED}\n4s dev1 ${heed}\n${DRAINED}`), ['failed warning'], heed);
  assert.deepEqual(failed(`${STARTED}\n2s dev1 log report -> -EINTR\n${DRAINED}`), []);
  assert.deepEqual(failed(`${OPENED}\n2s dev1 log report -> -EINVAL\n${DRAINED}`), []);
});

test('report: a kernel that cannot report at all is info, and critical all the same if nobody heeds it', () => {
  const text = `${STARTED}\n2s dev1 log report -> -EOPNOTSUPP`;
  assert.deepEqual(failed(text), ['unsupported info']);
  assert.deepEqual(failed(`${text}\n${DRAINED}`), ['unsupported info', 'unheeded critical']);
});

test("report: a container's is its devices'", () => {
  const text = `${OPENED}\n1s container1 track start\n2s container1 track report -> -EFAULT\n${DRAINED}`;
  assert.deepEqual(failed(text), ['failed warning', 'unheeded critical']);
  assert.equal(judged(text).violations[0]?.device, 'dev1');
  assert.deepEqual(failed(`${OPENED}\n2s container1 track report -> -EINVAL\n${DRAINED}`), []);
});

test('report: unknown where tracking, or a restart of it, is', () => {
  assert.deepEqual(failed(`${FOUND}\n1s dev1 log report -> -EIO`), ['unknown']);
  assert.deepEqual(failed(`${REPORT_FAILED}\n4s lost crit 1\n${DRAINED}`), ['failed warning', 'unknown']);
});

test('absent: tracked by the device or by its container is kept', () => {
  assert.deepEqual(absent(`${STARTED}\n2s dev1 set PRE_COPY\n3s dev1 set STOP_COPY`), ['kept']);
  assert.deepEqual(absent(`${OPENED}\n1s container1 track start\n2s dev1 set STOP_COPY`), ['kept']);
});

test('absent: by neither is info, once for the group of states', () => {
  assert.deepEqual(absent(`${OPENED}\n2s dev1 set PRE_COPY\n3s dev1 set STOP_COPY`), ['absent info']);
  assert.deepEqual(absent(`${STARTED}\n2s dev1 log stop\n3s dev1 set STOP_COPY`), ['absent info']);
  assert.deepEqual(absent(`${OPENED}\n2s dev1 set RESUMING\n3s dev1 set STOP`), []);
  assert.deepEqual(findings(`${OPENED}\n2s dev1 set STOP_COPY`), ['dirty-tracking-absent absent info']);
});

test('absent: unknown with iommufd, late, and after a loss', () => {
  assert.deepEqual(absent(`${OPENED.replace('container=1', '')}\n2s dev1 set STOP_COPY`), ['unknown']);
  assert.deepEqual(absent(`${FOUND}\n1s dev1 get RUNNING\n2s dev1 set STOP_COPY`), ['unknown']);
  assert.deepEqual(absent(`${OPENED}\n1s lost crit 1\n2s dev1 set STOP_COPY`), ['unknown']);
  assert.deepEqual(absent(`${OPENED}\n0 dev2 found pci mlx5_vfio_pci container=1\n2s dev1 set STOP_COPY`), [
    'unknown',
  ]);
});
