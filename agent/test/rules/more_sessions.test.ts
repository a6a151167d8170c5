// SPDX-License-Identifier: Apache-2.0
/** Data sessions: aborted, killed, superseded, closed too early or never. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findings, verdicts } from '../run.js';

const OPENED = '0 dev1 opened pci mlx5_vfio_pci';
const OTHER = '0 dev1 opened pci other_vfio_pci';

const abort = (text: string) => verdicts('resuming-abort-without-reset', text);
const killed = (text: string) => verdicts('data-session-killed', text);
const superseded = (text: string) => verdicts('data-session-superseded', text);
const early = (text: string) => verdicts('data-fd-closed-early', text);
const leaked = (text: string) => verdicts('data-fd-leaked', text);

const RESUMING = `${OPENED}\n1s dev1 set RESUMING\n2s dev1 data write 60`;
const REJECTED = `${RESUMING}\n3s dev1 set RUNNING -> -EINVAL after=1`;

test('abort: reset and close are the ways out', () => {
  for (const start of [RESUMING, REJECTED]) {
    assert.deepEqual(abort(`${start}\n3500ms dev1 reset\n9s tick`), ['kept']);
    assert.deepEqual(abort(`${start}\n3500ms dev1 closed exit=1`), ['kept']);
  }
});

test('abort: after a rejected load, neither or a SET_STATE', () => {
  assert.deepEqual(abort(`${REJECTED}\n3900ms tick`), []);
  assert.deepEqual(abort(`${REJECTED}\n4100ms tick\n5s tick`), ['not-reset warning']);
  assert.deepEqual(abort(`${REJECTED}\n3500ms dev1 set STOP`), ['walked-on warning']);
  assert.deepEqual(abort(`${REJECTED}\n3500ms dev1 reset -> -EIO\n9s tick`), []);
});

test('abort: leaving RESUMING after a write that failed', () => {
  assert.deepEqual(abort(`${RESUMING}\n3s dev1 data write -> -EIO\n4s dev1 set RUNNING`), [
    'left-after-failed-write warning',
  ]);
  assert.deepEqual(abort(`${RESUMING}\n3s dev1 data write -> -EIO\n4s dev1 reset`), ['kept']);
  assert.deepEqual(
    abort(`${RESUMING}\n3s dev1 data write -> -EIO\n4s dev1 data write 60\n5s dev1 set RUNNING`),
    [],
  );
  assert.deepEqual(abort(`${RESUMING}\n3s dev1 data write -> -EINTR\n4s dev1 set RUNNING`), []);
  assert.deepEqual(abort(`${RESUMING}\n3s dev1 data write -> -EIO\n4s dev1 set RESUMING\n5s dev1 set 9`), []);
});

test('abort: an interrupted load is repeated; a completed one needs no reset; other failures are others', () => {
  assert.deepEqual(
    abort(`${RESUMING}\n3s dev1 set RUNNING -> -EINTR after=1\n4s dev1 set RUNNING\n9s tick`),
    [],
  );
  assert.deepEqual(abort(`${RESUMING}\n3s dev1 set RUNNING`), []);
  assert.deepEqual(abort(`${RESUMING}\n3s dev1 set RUNNING -> -EIO after=2\n9s tick`), []);
  assert.deepEqual(abort(`${OPENED}\n3s dev1 set STOP_COPY -> -EIO after=1\n9s tick`), []);
});

test('abort: unknown where the reset or a later write may be lost', () => {
  assert.deepEqual(abort(`${REJECTED}\n4s lost crit 1\n4100ms tick`), ['unknown']);
  assert.deepEqual(abort(`${RESUMING}\n3s dev1 data write -> -EIO\n3s lost bulk 1\n4s dev1 set RUNNING`), [
    'unknown',
  ]);
  assert.deepEqual(abort(`${REJECTED}\n4s dev1 skips 1\n4s dev1 reopened\n9s tick`), []);
});

const SAVING = `${OPENED}\n1s dev1 set PRE_COPY`;

test('killed: ENODEV in the state of the session', () => {
  assert.deepEqual(killed(`${SAVING}\n2s dev1 data read 60\n3s dev1 data read -> -ENODEV`), [
    'kept',
    'in-PRE_COPY warning',
  ]);
  assert.deepEqual(killed(`${RESUMING}\n3s dev1 data write -> -ENODEV`), ['kept', 'in-RESUMING warning']);
  assert.deepEqual(killed(`${SAVING}\n3s dev1 data read -> -ENOMSG\n4s dev1 data read -> -EIO`), []);
});

test('killed: a reset explains it, and a state that was left', () => {
  assert.deepEqual(killed(`${SAVING}\n2s dev1 reset\n3s dev1 data read -> -ENODEV`), []);
  assert.deepEqual(killed(`${SAVING}\n2s dev1 zap hot\n3s dev1 data read -> -ENODEV`), []);
  assert.deepEqual(killed(`${SAVING}\n2s dev1 zap hot\n8s dev1 data read -> -ENODEV`), [
    'in-PRE_COPY warning',
  ]);
  assert.deepEqual(killed(`${SAVING}\n2s dev1 set STOP\n3s dev1 data read -> -ENODEV`), []);
});

test('killed: unknown in a transition, out of step, in an unknown state', () => {
  assert.deepEqual(killed(`${SAVING}\n2s dev1 set STOP {\n3s dev1 data read -> -ENODEV`), ['unknown']);
  assert.deepEqual(killed(`${SAVING}\n3s dev1 data read -> -ENODEV late=1`), ['unknown']);
  assert.deepEqual(killed(`${SAVING}\n2s dev1 skips 1\n2s dev1 reopened\n3s dev1 data read -> -ENODEV`), [
    'unknown',
  ]);
});

const AGAIN = `${SAVING}\n2s dev1 set RUNNING`;

test('superseded: the fd before it is closed, or info', () => {
  assert.deepEqual(superseded(`${AGAIN}\n3s dev1 data release\n4s dev1 set PRE_COPY`), ['kept']);
  assert.deepEqual(superseded(`${AGAIN}\n4s dev1 set PRE_COPY`), ['superseded info']);
});

test('superseded: a new fd that is dropped at once is a warning', () => {
  const rebooted = `${SAVING}\n2s dev1 reset\n4s dev1 set PRE_COPY`;
  assert.deepEqual(superseded(`${rebooted}\n4005ms dev1 data release`), [
    'superseded info',
    'out-of-sync warning',
  ]);
  assert.deepEqual(superseded(`${rebooted}\n4020ms dev1 data release`), ['superseded info']);
  assert.deepEqual(superseded(`${SAVING}\n1005ms dev1 data release`), []);
});

test('superseded: a session that was short and over, or after the fd before it, is closed like any other', () => {
  const short = `${AGAIN}\n4s dev1 set PRE_COPY\n4001ms dev1 set RUNNING\n4002ms dev1 data release`;
  assert.deepEqual(superseded(short), ['superseded info']);
  const tidy = `${AGAIN}\n4s dev1 set PRE_COPY\n4001ms dev1 data release session=1\n4002ms dev1 data release`;
  assert.deepEqual(superseded(tidy), ['superseded info']);
});

test('superseded: unknown where closing is not observed or may be lost; the saving group shares one fd', () => {
  assert.deepEqual(superseded(AGAIN.replace(OPENED, OTHER).concat('\n4s dev1 set PRE_COPY')), ['unknown']);
  assert.deepEqual(superseded(`${AGAIN}\n3s lost crit 1\n4s dev1 set PRE_COPY`), ['unknown']);
  assert.deepEqual(superseded(`${SAVING}\n2s dev1 set STOP_COPY`), []);
});

test('early: after the end of the stream or of the state is kept', () => {
  assert.deepEqual(
    early(`${OPENED}\n1s dev1 set STOP_COPY\n2s dev1 data read 0\n3s dev1 data release\n99s tick`),
    ['kept'],
  );
  assert.deepEqual(early(`${AGAIN}\n3s dev1 data release\n99s tick`), ['kept']);
});

const CLOSED = `${SAVING}\n2s dev1 data release`;

test('early: a cancel is info, a stream that is dropped a warning, RESUMING info', () => {
  assert.deepEqual(early(`${CLOSED}\n3s dev1 set RUNNING\n99s tick`), ['cancel info']);
  assert.deepEqual(early(`${CLOSED}\n6900ms tick`), []);
  assert.deepEqual(early(`${CLOSED}\n7100ms tick\n8s tick\n9s dev1 set RUNNING`), ['early warning']);
  assert.deepEqual(early(`${CLOSED}\n3s dev1 set STOP_COPY\n7100ms tick`), ['early warning']);
  assert.deepEqual(early(`${RESUMING}\n3s dev1 data release\n99s tick`), ['in-RESUMING info']);
  assert.deepEqual(early(`${CLOSED}\n3s dev1 reset\n99s tick`), []);
  assert.deepEqual(early(`${CLOSED}\n3s dev1 closed exit=1`), []);
});

test('early: unknown in a transition, out of step, after a loss', () => {
  assert.deepEqual(early(`${SAVING}\n2s dev1 set RUNNING {\n3s dev1 data release\n4s dev1 }`), [
    'unknown',
    'cancel info',
  ]);
  assert.deepEqual(early(`${SAVING}\n2s dev1 data release late=1`), ['unknown']);
  assert.deepEqual(early(`${SAVING}\n2s lost bulk 1\n3s dev1 data release\n99s tick`), ['unknown']);
  assert.deepEqual(early(`${CLOSED}\n7s lost crit 1\n7100ms tick`), ['unknown']);
});

test('leaked: info a minute after the session, in RUNNING too', () => {
  assert.deepEqual(leaked(`${AGAIN}\n3s dev1 data release`), ['kept']);
  assert.deepEqual(leaked(`${AGAIN}\n61s tick`), []);
  assert.deepEqual(leaked(`${AGAIN}\n63s tick\n64s tick\n65s dev1 data release`), ['open info']);
  assert.deepEqual(leaked(`${SAVING}\n99s tick`), []);
});

test('leaked: unknown where closing is not observed or may be lost', () => {
  assert.deepEqual(leaked(AGAIN.replace(OPENED, OTHER).concat('\n63s tick')), ['unknown']);
  assert.deepEqual(leaked(`${AGAIN}\n62s lost crit 1\n63s tick`), ['unknown']);
});

test('a VMM that cancels in PRE_COPY gives only infos', () => {
  assert.deepEqual(findings(`${CLOSED}\n3s dev1 set RUNNING\n99s tick`), [
    'data-fd-closed-early cancel info',
  ]);
});
