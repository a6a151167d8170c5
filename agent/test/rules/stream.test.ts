// SPDX-License-Identifier: Apache-2.0
/** The data stream: when it may be used, whether all of it was. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged, verdicts } from '../run.js';

const OPENED = '0 dev1 opened pci mlx5_vfio_pci';
const COPYING = `${OPENED}\n1s dev1 set PRE_COPY\n2s dev1 data read 100\n3s dev1 set STOP_COPY`;
const DRAINED = `${COPYING}\n4s dev1 data read 60\n5s dev1 data read 0`;

const RESUMING = `${OPENED}\n1s dev1 set RESUMING`;

const wrongState = (text: string) => verdicts('data-fd-wrong-state', text);
const drained = (text: string) => verdicts('stop-copy-not-drained', text);
const noData = (text: string) => verdicts('resume-without-data', text);

test('data_fd: reads in the saving group and writes in RESUMING are kept', () => {
  assert.deepEqual(wrongState(DRAINED), ['kept', 'kept', 'kept']);
  assert.deepEqual(wrongState(`${OPENED}\n1s dev1 set RESUMING\n2s dev1 data write 60`), ['kept']);
});

test('data_fd: use after its states were left, by what came of it', () => {
  const after = (what: string) => wrongState(`${COPYING}\n4s dev1 set STOP\n5s dev1 data ${what}`).slice(1);
  assert.deepEqual(after('read 60'), ['read-succeeded critical']);
  assert.deepEqual(after('read -> -ENODEV'), ['read-refused warning']);
  assert.deepEqual(after('read 0'), []);
  assert.deepEqual(after('read -> -EAGAIN'), []);
  const resumed = `${OPENED}\n1s dev1 set RESUMING\n2s dev1 set STOP\n5s dev1 data`;
  assert.deepEqual(wrongState(`${resumed} write 60`), ['write-succeeded critical']);
  assert.deepEqual(wrongState(`${resumed} write -> -ENODEV`), ['write-refused warning']);
});

test('data_fd: moved bytes blame the driver, a refusal the user', () => {
  const party = (what: string) =>
    judged(`${COPYING}\n4s dev1 data read 0\n5s dev1 set STOP\n6s dev1 data ${what}`).violations.map(
      (v) => v.party,
    );
  assert.deepEqual(party('read 60'), ['driver']);
  assert.deepEqual(party('read -> -ENODEV'), ['user']);
});

test('data_fd: 100 ms of grace for readers that drain late', () => {
  const after = (ms: number) =>
    wrongState(`${COPYING}\n4s dev1 set STOP took=0\n${4000 + ms}ms dev1 data read -> -ENODEV`).slice(1);
  assert.deepEqual(after(99), []);
  assert.deepEqual(after(100), ['read-refused warning']);
});

test('data_fd: ENODEV after a reset is explained by the reset, bytes are not', () => {
  const after = (at: string, what: string) =>
    wrongState(`${OPENED}\n1s dev1 set PRE_COPY\n2s dev1 reset\n${at} dev1 data ${what}`);
  assert.deepEqual(after('3s', 'read -> -ENODEV'), []);
  assert.deepEqual(after('7001ms', 'read -> -ENODEV'), ['read-refused warning']);
  assert.deepEqual(after('3s', 'read 60'), ['read-succeeded critical']);
});

test('data_fd: the fd of an old session is not the one of the state that the device is in', () => {
  const text = `${COPYING}\n4s dev1 data read 0\n5s dev1 set RUNNING\n6s dev1 set PRE_COPY`;
  assert.deepEqual(wrongState(`${text}\n7s dev1 data read 60 session=1`).slice(2), [
    'read-succeeded critical',
  ]);
  assert.deepEqual(wrongState(`${text}\n7s dev1 data read 60`).slice(2), ['kept']);
});

test('data_fd: the wrong direction is wrong at any time', () => {
  assert.deepEqual(wrongState(`${OPENED}\n1s dev1 set RESUMING\n2s dev1 data read 60`), [
    'read-succeeded critical',
  ]);
});

test('data_fd: unknown device, state, session, in transition, out of step', () => {
  assert.deepEqual(wrongState(`${OPENED}\n1s dev1 data read 60 session=0`), ['unknown']);
  assert.deepEqual(wrongState('0 dev1 found pci mlx5_vfio_pci\n1s dev1 data read 60 session=4'), ['unknown']);
  assert.deepEqual(wrongState(`${OPENED}\n1s dev1 data read 60 session=4`), ['unknown']);
  assert.deepEqual(wrongState(`${COPYING} {\n4s dev1 data read 60\n5s dev1 }`), ['kept', 'unknown']);
  assert.deepEqual(wrongState(`${COPYING}\n4s dev1 data read 60 late=1`), ['kept', 'unknown']);
  assert.deepEqual(wrongState(`${COPYING}\n4s dev1 closed\n5s dev1 data read -> -ENODEV`), [
    'kept',
    'unknown',
  ]);
});

test('drained: STOP_COPY left after its end is kept', () => {
  for (const next of ['set STOP', 'set RUNNING', 'set RESUMING', 'closed exit=0'])
    assert.deepEqual(drained(`${DRAINED}\n6s dev1 ${next}`), ['kept'], next);
});

test('drained: back to RUNNING without the end is a rollback', () => {
  for (const next of ['RUNNING', 'RUNNING_P2P'])
    assert.deepEqual(drained(`${COPYING}\n6s dev1 set ${next}`), ['rollback info'], next);
});

test('drained: a cancel with the guest paused goes by STOP, and is a rollback too', () => {
  assert.deepEqual(drained(`${COPYING}\n6s dev1 set STOP\n6500ms tick\n6600ms dev1 set RUNNING\n9s tick`), [
    'rollback info',
  ]);
  assert.deepEqual(drained(`${COPYING}\n6s dev1 set STOP\n6500ms dev1 set STOP_COPY`), ['restarted info']);
});

test('drained: staying in STOP, or leaving for anything else, without the end is incomplete', () => {
  assert.deepEqual(drained(`${COPYING}\n6s dev1 set STOP\n7100ms tick\n8s tick`), ['incomplete warning']);
  assert.deepEqual(drained(`${COPYING}\n6s dev1 set RESUMING`), ['incomplete warning']);
  assert.deepEqual(drained(`${COPYING}\n6s dev1 set STOP\n6100ms dev1 set RESUMING`), ['incomplete warning']);
});

test('drained: closing without the end is a warning, claiming success by exit(0) critical', () => {
  for (const before of ['', '\n6s dev1 set STOP']) {
    assert.deepEqual(drained(`${COPYING}${before}\n6100ms dev1 closed`), ['incomplete warning']);
    assert.deepEqual(drained(`${COPYING}${before}\n6100ms dev1 closed exit=1`), ['incomplete warning']);
    assert.deepEqual(drained(`${COPYING}${before}\n6100ms dev1 closed signal=9`), ['incomplete warning']);
    assert.deepEqual(drained(`${COPYING}${before}\n6100ms dev1 closed exit=0`), [
      'incomplete-exit-0 critical',
    ]);
  }
  assert.deepEqual(drained(`${COPYING}\n6s dev1 closed left=1`), []);
});

test('drained: an end in PRE_COPY, of no bytes asked, or of another session is not the end', () => {
  const zero = `${OPENED}\n1s dev1 set PRE_COPY\n2s dev1 data read 0\n3s dev1 set STOP_COPY`;
  assert.deepEqual(drained(`${zero}\n4s dev1 set RUNNING`), ['rollback info']);
  assert.deepEqual(drained(`${COPYING}\n4s dev1 data read 0 of=0\n5s dev1 set RUNNING`), ['rollback info']);
  assert.deepEqual(drained(`${COPYING}\n4s dev1 data read -> -EIO\n5s dev1 set RUNNING`), ['rollback info']);
  const second = `${DRAINED}\n6s dev1 set RUNNING\n7s dev1 set STOP_COPY\n8s dev1 data read 0 session=1`;
  assert.deepEqual(drained(`${second}\n9s dev1 set RUNNING`), ['kept', 'rollback info']);
});

test('drained: unknown after loss, without the start of the session, where the driver is not observed', () => {
  assert.deepEqual(drained(`${COPYING}\n4s lost bulk 1\n6s dev1 set STOP\n9s tick`), ['unknown']);
  assert.deepEqual(drained(`${DRAINED}\n5s lost bulk 1\n6s dev1 set STOP`), ['kept']);
  const found = '0 dev1 found pci mlx5_vfio_pci in=STOP_COPY\n1s dev1 set STOP';
  assert.deepEqual(drained(found), ['unknown']);
  assert.deepEqual(
    drained(`${COPYING.replace('mlx5_vfio_pci', 'nvidia-vgpu-vfio')}\n6s dev1 set STOP\n9s tick`),
    ['unknown'],
  );
  assert.deepEqual(drained(`${COPYING}\n4s dev1 set STOP {\n5s dev1 reset function\n6s dev1 }`), ['unknown']);
});

test('drained: a session that ended otherwise is not judged by a later STOP', () => {
  const cancelled = `${OPENED}\n1s dev1 set PRE_COPY\n2s dev1 data read 9\n3s dev1 set RUNNING`;
  assert.deepEqual(drained(`${cancelled}\n4s dev1 set STOP\n9s tick\n10s dev1 closed exit=0`), []);
  assert.deepEqual(drained(`${OPENED}\n1s dev1 set STOP\n9s tick\n10s dev1 closed exit=0`), []);
  assert.deepEqual(drained(`${OPENED}\n1s dev1 set RESUMING\n2s dev1 set STOP\n9s tick`), []);
});

test('drained: a SET_STATE that fails leaves nothing, and a loss before the way back leaves no verdict', () => {
  assert.deepEqual(drained(`${COPYING}\n4s dev1 set STOP -> -EIO`), []);
  assert.deepEqual(drained(`${COPYING}\n4s dev1 set STOP\n5s lost bulk 1\n6s dev1 set RUNNING`), ['unknown']);
});

test('drained: unknown where state records are missing or could not be read', () => {
  const jump = `${COPYING}\n4s dev1 skips 2\n5s dev1 set STOP_COPY\n6s dev1 set STOP\n9s tick`;
  assert.deepEqual(drained(jump), ['unknown', 'unknown']);
  assert.deepEqual(drained(`${COPYING}\n4s dev1 set STOP miss=1`), ['unknown']);
  assert.deepEqual(drained(`${COPYING}\n4s dev1 set STOP\n5s lost crit 1\n9s tick`), ['unknown']);
});

test('drained, resumed: a driver that is not observed, beside one that is', () => {
  const beside = '0 other1 opened pci mlx5_vfio_pci\n';
  const vgpu = (text: string) => beside + text.replace('mlx5_vfio_pci', 'nvidia-vgpu-vfio');
  assert.deepEqual(drained(vgpu(`${COPYING}\n6s dev1 set STOP\n9s tick`)), ['unknown']);
  assert.deepEqual(drained(vgpu(`${COPYING}\n6s dev1 closed exit=0`)), ['unknown']);
  assert.deepEqual(noData(vgpu(`${RESUMING}\n3s dev1 set RUNNING`)), ['unknown']);
});

test('drained: a loss counted just before the session began may have been in it', () => {
  const text = `0 lost bulk 1\n${COPYING}\n6s dev1 set RUNNING`;
  assert.deepEqual(drained(text), ['unknown']);
  assert.deepEqual(drained(`0 lost bulk 1\n0 tick\n0 tick\n${COPYING}\n6s dev1 set RUNNING`), [
    'rollback info',
  ]);
});

test('drained: a new session that could not be followed is not judged by the old one', () => {
  const text = `${DRAINED}\n6s dev1 set RUNNING\n7s dev1 set STOP_COPY session=0 miss=4\n8s dev1 set STOP`;
  assert.deepEqual(drained(text), ['kept', 'unknown']);
});

test('resumed: after data was written is kept', () => {
  assert.deepEqual(noData(`${RESUMING}\n2s dev1 data write 60\n3s dev1 set RUNNING`), ['kept']);
  assert.deepEqual(noData(`${RESUMING}\n2s dev1 data write 60\n2s lost bulk 1\n3s dev1 set RUNNING`), [
    'kept',
  ]);
});

test('resumed: without a byte written is a warning, whatever way towards RUNNING', () => {
  for (const next of ['RUNNING', 'RUNNING_P2P', 'PRE_COPY', 'PRE_COPY_P2P'])
    assert.deepEqual(noData(`${RESUMING}\n3s dev1 set ${next}`), ['no-data warning'], next);
  assert.deepEqual(noData(`${RESUMING}\n2s dev1 data write -> -EINVAL\n3s dev1 set RUNNING`), [
    'no-data warning',
  ]);
});

test('resumed: STOP, reset, close and failure are legal ways out', () => {
  for (const next of [
    'set STOP',
    'set STOP_COPY',
    'set RESUMING',
    'reset',
    'closed exit=1',
    'set RUNNING -> -EIO',
  ])
    assert.deepEqual(noData(`${RESUMING}\n3s dev1 ${next}`), [], next);
});

test('resumed: unknown after loss, without the session, where the driver is not observed', () => {
  assert.deepEqual(noData(`${RESUMING}\n2s lost bulk 1\n3s dev1 set RUNNING`), ['unknown']);
  assert.deepEqual(noData('0 dev1 found pci mlx5_vfio_pci in=RESUMING\n1s dev1 set RUNNING'), ['unknown']);
  assert.deepEqual(noData(`${RESUMING.replace('mlx5_vfio_pci', 'edu')}\n3s dev1 set RUNNING`), ['unknown']);
  assert.deepEqual(noData(`${RESUMING}\n2s dev1 skips 1\n3s dev1 set RUNNING after=0`), ['unknown']);
  assert.deepEqual(noData(`${RESUMING}\n2s dev1 set RUNNING {\n3s dev1 reset\n4s dev1 }`), ['unknown']);
});

test('resumed: a second session starts from nothing', () => {
  const first = `${RESUMING}\n2s dev1 data write 60\n3s dev1 set STOP`;
  assert.deepEqual(noData(`${first}\n4s dev1 set RESUMING\n5s dev1 set RUNNING`), ['no-data warning']);
});
