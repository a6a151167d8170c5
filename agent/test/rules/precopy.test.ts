// SPDX-License-Identifier: Apache-2.0
/** Pre-copy: its estimate, leaving it, how its data ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged, type Options, verdicts } from '../run.js';

const OPENED = '0 dev1 opened mdev mtty';
const PRE_COPY = `${OPENED}\n1s dev1 set PRE_COPY took=0`;
const STRICT: Options = { profile: 'seed-strict' };

const info = (text: string, options?: Options) => verdicts('precopy-info-wrong-state', text, options);
const early = (text: string, options?: Options) => verdicts('precopy-left-early', text, options);
const eos = (text: string, options?: Options) => verdicts('precopy-eos-encoding', text, options);

test('info: asked in PRE_COPY and PRE_COPY_P2P', () => {
  assert.deepEqual(info(`${PRE_COPY}\n2s dev1 precopy-info 60`), ['kept']);
  const text = `${PRE_COPY}\n2s dev1 set PRE_COPY_P2P\n3s dev1 precopy-info 60 -> -ENOTTY`;
  assert.deepEqual(info(text), ['kept']);
});

test('info: refused elsewhere is info, answered the driver’s fault', () => {
  const text = (result: string) => `${PRE_COPY}\n2s dev1 set STOP_COPY\n3s dev1 precopy-info 60${result}`;
  assert.deepEqual(info(text(' -> -EINVAL')), ['refused info']);
  assert.deepEqual(info(text(' -> -EINVAL'), STRICT), ['refused info']);
  assert.deepEqual(info(text('')), ['answered warning']);
  const answered = judged(text('')).violations.find((v) => v.rule === 'precopy-info-wrong-state');
  assert.equal(answered?.party, 'driver');
});

test('info: 100 ms of grace; unknown in a transition and in an unknown state', () => {
  const left = (ms: number) =>
    `${PRE_COPY}\n2s dev1 set STOP_COPY took=0\n${2000 + ms}ms dev1 precopy-info 0 -> -EINVAL`;
  assert.deepEqual(info(left(99)), []);
  assert.deepEqual(info(left(100)), ['refused info']);
  const inside = `${PRE_COPY}\n2s dev1 set STOP_COPY {\n3s dev1 precopy-info 0 -> -EINVAL\n4s dev1 }`;
  assert.deepEqual(info(inside), ['unknown']);
  assert.deepEqual(info('0 dev1 found mdev mtty\n1s dev1 precopy-info 60 session=1'), ['unknown']);
  assert.deepEqual(info(`${PRE_COPY}\n2s dev1 precopy-info 60 late=1`), ['unknown']);
});

test('early: all initial bytes were read', () => {
  const text = `${PRE_COPY}
    2s dev1 precopy-info 100
    3s dev1 data read 60
    4s dev1 precopy-info 40
    5s dev1 data read 40
    6s dev1 set PRE_COPY_P2P
    7s dev1 set STOP_COPY`;
  assert.deepEqual(early(text), ['kept']);
  assert.deepEqual(early(text, STRICT), ['kept']);
});

test('early: some were not', () => {
  const text = `${PRE_COPY}\n2s dev1 precopy-info 100\n3s dev1 data read 60\n4s dev1 set STOP_COPY`;
  assert.deepEqual(early(text), ['initial-bytes-left info']);
  const v = judged(text).violations.find((f) => f.rule === 'precopy-left-early');
  assert.deepEqual(v?.evidence, { bytes_left: 40 });
});

test('early: not asked, not read, not told, or reads lost: unknown', () => {
  assert.deepEqual(early(`${PRE_COPY}\n4s dev1 set STOP_COPY`), ['unknown']);
  assert.deepEqual(early(`${PRE_COPY}\n2s dev1 precopy-info 9 -> -ENOTTY\n4s dev1 set STOP_COPY`), [
    'unknown',
  ]);
  assert.deepEqual(early(`${PRE_COPY}\n2s dev1 precopy-info 0 miss=1\n4s dev1 set STOP_COPY`), ['unknown']);
  const lost = `${PRE_COPY}\n2s dev1 precopy-info 100\n3s lost bulk 2\n4s dev1 set STOP_COPY`;
  assert.deepEqual(early(lost), ['unknown']);
  const enough = `${PRE_COPY}\n2s dev1 precopy-info 100\n3s lost bulk 2\n4s dev1 data read 100\n5s dev1 set STOP_COPY`;
  assert.deepEqual(early(enough), ['kept']);
});

test('early: other ways out of PRE_COPY and into STOP_COPY are not its business', () => {
  assert.deepEqual(early(`${PRE_COPY}\n2s dev1 precopy-info 100\n3s dev1 set RUNNING`), []);
  assert.deepEqual(early(`${OPENED}\n3s dev1 set STOP_COPY`), []);
});

test('early: the estimate of one session says nothing about the next', () => {
  const text = `${PRE_COPY}\n2s dev1 precopy-info 100\n3s dev1 set RUNNING\n4s dev1 set PRE_COPY\n5s dev1 set STOP_COPY`;
  assert.deepEqual(early(text), ['unknown']);
});

test('eos: ENOMSG for now in PRE_COPY, 0 for good in STOP_COPY', () => {
  const text = `${PRE_COPY}
    2s dev1 data read -> -ENOMSG
    3s dev1 set STOP_COPY
    4s dev1 data read 60
    5s dev1 data read 0`;
  assert.deepEqual(eos(text), ['kept', 'kept']);
});

test('eos: the reverse', () => {
  assert.deepEqual(eos(`${PRE_COPY}\n2s dev1 data read 0`), ['zero_in_precopy info']);
  assert.deepEqual(eos(`${PRE_COPY}\n2s dev1 data read 0`, STRICT), ['zero_in_precopy info']);
  const wrong = `${PRE_COPY}\n2s dev1 set STOP_COPY\n3s dev1 data read -> -ENOMSG`;
  assert.deepEqual(eos(wrong), ['enomsg_in_stop_copy critical']);
  assert.deepEqual(eos(wrong, STRICT), ['enomsg_in_stop_copy critical']);
});

test('eos: a habit is recorded once an episode', () => {
  const text = `${PRE_COPY}\n2s dev1 data read 0\n3s dev1 data read 0`;
  const found = judged(text).violations.filter((v) => v.rule === 'precopy-eos-encoding');
  assert.equal(found.length, 1);
});

test('eos: data, other errors and reads of nothing say nothing', () => {
  for (const read of ['60', '-> -EIO', '-> -ENODEV', '0 of=0'])
    assert.deepEqual(eos(`${PRE_COPY}\n2s dev1 data read ${read}`), []);
});

test('eos: a reader that the landing overtook is not judged', () => {
  const text = (us: number, tid: number) => `${PRE_COPY}
    2s                     dev1 set STOP_COPY took=0
    ${2_000_000 + us}us dev1 data read tid=${tid} -> -ENOMSG`;
  assert.deepEqual(eos(text(49, 9)), ['unknown']);
  assert.deepEqual(eos(text(50, 9)), ['enomsg_in_stop_copy critical']);
  assert.deepEqual(eos(text(0, 100)), ['enomsg_in_stop_copy critical']);
});

test('eos: the fd of a session that is over says nothing about this one', () => {
  const text = `${PRE_COPY}\n2s dev1 set RUNNING\n3s dev1 set PRE_COPY\n4s dev1 data read 0 session=1`;
  assert.deepEqual(eos(text), []);
});

test('eos: in a transition, unknown, out of step', () => {
  assert.deepEqual(eos(`${PRE_COPY}\n2s dev1 set STOP_COPY {\n3s dev1 data read 0\n4s dev1 }`), ['unknown']);
  assert.deepEqual(eos('0 dev1 found mdev mtty\n1s dev1 data read 0 session=1'), ['unknown']);
  assert.deepEqual(eos(`${PRE_COPY}\n2s dev1 data read 0 late=1`), ['unknown']);
});
