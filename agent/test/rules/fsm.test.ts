// SPDX-License-Identifier: Apache-2.0
/** SET_STATE: what was asked, what the driver did, where the device is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged, verdicts } from '../run.js';

const OPENED = '0 dev1 opened pci mlx5_vfio_pci';

const rejected = (text: string) => verdicts('fsm-arc-rejected', text);
const failed = (text: string) => verdicts('fsm-transition-failed', text);
const elsewhere = (text: string) => verdicts('fsm-landed-elsewhere', text);

test('rejected: the legal requests are kept, also for the present state', () => {
  const text = `${OPENED}
    1ms dev1 set RUNNING
    2ms dev1 set PRE_COPY
    3ms dev1 set STOP_COPY
    4ms dev1 set STOP_COPY
    5ms dev1 set RUNNING`;
  assert.deepEqual(rejected(text), ['kept', 'kept', 'kept', 'kept', 'kept']);
});

test('rejected: a legal request that fails says nothing of the user', () => {
  assert.deepEqual(rejected(`${OPENED}\n2s dev1 set STOP -> -EINVAL`), []);
  assert.deepEqual(rejected(`${OPENED}\n2s dev1 set STOP -> -EIO`), []);
});

test('rejected: each reason', () => {
  const at = (state: string, request: string, flags = 'stop-copy,p2p,pre-copy') => `
    0  dev1 opened pci mlx5_vfio_pci flags=${flags}
    2s dev1 set ${state}
    3s dev1 set ${request}`;
  assert.deepEqual(rejected(at('STOP', '8')), ['kept', 'out-of-range warning']);
  assert.deepEqual(rejected(at('STOP', '4294967295')), ['kept', 'out-of-range warning']);
  assert.deepEqual(rejected(at('STOP', 'ERROR')), ['kept', 'error-requested warning']);
  assert.deepEqual(rejected(at('STOP', 'PRE_COPY', 'stop-copy,p2p')), ['kept', 'unsupported warning']);
  assert.deepEqual(rejected(at('STOP', 'RUNNING_P2P', 'stop-copy')), ['kept', 'unsupported warning']);
  assert.deepEqual(rejected(at('STOP_COPY', 'PRE_COPY')), ['kept', 'blocked warning']);
  assert.deepEqual(rejected(at('STOP_COPY', 'PRE_COPY_P2P')), ['kept', 'blocked warning']);
});

test('rejected: probing within a second of open, in RUNNING, is info', () => {
  const probe = (at: string, state: string) => `
    0     dev1 opened pci pds_vfio_pci flags=stop-copy,p2p
    1ms   dev1 set ${state}
    ${at} dev1 set PRE_COPY`;
  assert.deepEqual(rejected(probe('900ms', 'RUNNING')), ['kept', 'unsupported info']);
  assert.deepEqual(rejected(probe('1001ms', 'RUNNING')), ['kept', 'unsupported warning']);
  assert.deepEqual(rejected(probe('900ms', 'STOP')), ['kept', 'unsupported warning']);
});

/** In ERROR, seen twice. */
const ERROR = `${OPENED}
  2s    dev1 set STOP -> -EIO now=ERROR
  2100ms dev1 get ERROR
  2200ms dev1 get ERROR`;

test('rejected: out of ERROR is critical where the driver lets it reach the core', () => {
  assert.deepEqual(rejected(`${ERROR}\n3s dev1 set RUNNING`), ['from-error critical']);
  assert.deepEqual(rejected(`${ERROR}\n3s dev1 set RUNNING -> -EINVAL after=0`), ['from-error critical']);
  const guarded = `${OPENED}\n1s dev1 get ERROR\n2s dev1 get ERROR\n3s dev1 set RUNNING -> -EINVAL after=0`;
  assert.deepEqual(rejected(guarded), ['from-error warning']);
});

test('rejected: unknown where the answer hangs on an unknown state or an unreadable argument', () => {
  const found = '0 dev1 found pci mlx5_vfio_pci in=STOP_COPY';
  assert.deepEqual(rejected(`${found}\n2s dev1 set STOP -> -EINVAL after=0`), ['unknown']);
  assert.deepEqual(rejected(`${found}\n2s dev1 set PRE_COPY`), ['blocked warning']);
  assert.deepEqual(rejected(`${found}\n2s dev1 set 9`), ['out-of-range warning']);
  assert.deepEqual(rejected(`${OPENED}\n2s dev1 set STOP miss=1`), ['unknown']);
});

test('rejected: a device without migration refuses everything, which is no violation', () => {
  const text = '0 dev1 opened pci vfio-pci flags=none\n2s dev1 set STOP -> -ENOTTY';
  assert.deepEqual(rejected(text), []);
});

test('failed: success is kept, a refusal before any arc is not a failure', () => {
  assert.deepEqual(failed(`${OPENED}\n1s dev1 set STOP\n2s dev1 set STOP`), ['kept', 'kept']);
  assert.deepEqual(failed(`${OPENED}\n2s dev1 set 9`), []);
  assert.deepEqual(failed(`${OPENED}\n2s dev1 set STOP_COPY -> -ENOMEM after=0`), []);
});

test('failed: warning, or info where a signal interrupted it', () => {
  const with_ = (errno: string) => failed(`${OPENED}\n2s dev1 set STOP_COPY -> ${errno} after=2`);
  assert.deepEqual(with_('-EIO'), ['failed warning']);
  assert.deepEqual(with_('-EINVAL'), ['failed warning']);
  assert.deepEqual(with_('-EINTR'), ['interrupted info']);
  assert.deepEqual(with_('-ERESTARTSYS'), ['interrupted info']);
});

test('failed: EMFILE after the last arc may mean only that the fd did not fit', () => {
  const with_ = (errno: string, arcs: number) =>
    failed(`${OPENED}\n2s dev1 set PRE_COPY_P2P -> ${errno} after=${arcs}`);
  for (const errno of ['-EMFILE', '-ENFILE', '-EFAULT'])
    assert.deepEqual(with_(errno, 2), ['unknown'], errno);
  assert.deepEqual(with_('-EMFILE', 1), ['failed warning']);
});

test('failed: RESUMING to STOP is a rejected load and belongs to another rule', () => {
  const resuming = `${OPENED}\n1s dev1 set RESUMING\n2s dev1 data write 60`;
  assert.deepEqual(failed(`${resuming}\n3s dev1 set RUNNING -> -EINVAL after=1`), ['kept']);
  assert.deepEqual(failed(`${resuming}\n3s dev1 set RUNNING -> -EIO after=2`), ['kept', 'failed warning']);
});

test('failed: a load that a signal cut short is neither accepted nor rejected', () => {
  const resuming = `${OPENED}\n1s dev1 set RESUMING\n2s dev1 data write 60`;
  const loads = (errno: string) =>
    verdicts('resume-load-rejected', `${resuming}\n3s dev1 set RUNNING -> ${errno} after=1`);
  assert.deepEqual(loads('-EINVAL'), ['rejected critical']);
  for (const errno of ['-EINTR', '-ERESTARTSYS']) {
    assert.deepEqual(loads(errno), ['unknown']);
    const text = `${resuming}\n3s dev1 set RUNNING -> ${errno} after=1\n4s dev1 set RUNNING`;
    assert.deepEqual(failed(text), ['kept', 'interrupted info', 'kept']);
    assert.deepEqual(verdicts('resuming-abort-without-reset', text), []);
  }
});

test('failed: unknown where the entry was not seen, or something else happened inside', () => {
  assert.deepEqual(
    failed(`${OPENED}\n1s dev1 skips 1\n2s dev1 set STOP -> -EIO {\n3s dev1 skips 1\n4s dev1 } -> -EIO`),
    ['unknown'],
  );
  const reset = `${OPENED}\n1s dev1 set STOP {\n2s dev1 reset function tgid=1\n3s dev1 } -> -EIO`;
  assert.deepEqual(failed(reset), ['unknown']);
});

test('failed: it yields to error-state-entered of the same SET_STATE', () => {
  const text = `${OPENED}
    2s      dev1 set STOP_COPY after=2 {
    2100ms  dev1 arc ERROR STOP_COPY -> -EINVAL
    2200ms  dev1 arc ERROR STOP_COPY -> -EINVAL
    3s      dev1 } -> -EIO`;
  const rules = judged(text).violations.map((v) => v.rule);
  assert.deepEqual(rules, ['error-state-entered']);
});

test('elsewhere: success is exact', () => {
  const text = `${OPENED}\n1s dev1 set STOP_COPY\n2s dev1 set STOP_COPY\n3s dev1 set RUNNING`;
  assert.deepEqual(elsewhere(text), ['kept', 'kept', 'kept']);
});

test('elsewhere: success after the wrong last arc is the driver, and critical', () => {
  const text = `${OPENED}\n1s dev1 set STOP_COPY after=2 -> ok`;
  assert.deepEqual(elsewhere(text), ['success-elsewhere critical']);
  assert.equal(judged(text).violations[0]?.party, 'driver');
});

test('elsewhere: success without the arcs is no evidence', () => {
  assert.deepEqual(elsewhere(`${OPENED}\n1s dev1 set STOP_COPY after=0 -> ok`), ['unknown']);
  assert.deepEqual(elsewhere(`${OPENED}\n1s dev1 set STOP_COPY miss=2`), ['unknown']);
});

test('elsewhere: a lost arc is no wrong arc', () => {
  const text = `${OPENED}\n1s dev1 set STOP_COPY after=2 {\n2s dev1 skips 1\n3s dev1 } -> ok`;
  assert.deepEqual(elsewhere(text), ['unknown']);
});

/** Failed in the middle: neither RUNNING nor STOP_COPY. */
const STUCK = `${OPENED}\n1s dev1 set STOP_COPY -> -EIO after=2`;

test('elsewhere: after a failure on the way the user has a second to react', () => {
  assert.deepEqual(elsewhere(`${STUCK}\n1900ms tick`), []);
  assert.deepEqual(elsewhere(`${STUCK}\n2100ms tick\n3100ms tick`), ['no-reaction warning']);
});

test('elsewhere: a reset or a SET_STATE is a reaction, even one that fails', () => {
  assert.deepEqual(elsewhere(`${STUCK}\n1500ms dev1 reset\n3s tick`), []);
  assert.deepEqual(elsewhere(`${STUCK}\n1500ms dev1 reset -> -EIO\n3s tick`), []);
  assert.deepEqual(elsewhere(`${STUCK}\n1500ms dev1 set RUNNING\n3s tick`), ['kept']);
  assert.deepEqual(elsewhere(`${STUCK}\n1500ms dev1 set RUNNING {\n3s tick\n4s dev1 }`), ['kept']);
});

test('elsewhere: a state record that went missing may have been the reaction', () => {
  assert.deepEqual(elsewhere(`${STUCK}\n1500ms dev1 skips 1\n1600ms dev1 reopened\n3s tick`), []);
});

test('elsewhere: a failure at the first arc left the device where it was', () => {
  assert.deepEqual(elsewhere(`${OPENED}\n1s dev1 set STOP_COPY -> -EIO after=1\n3s tick`), []);
  assert.deepEqual(elsewhere(`${OPENED}\n1s dev1 set 9\n3s tick`), []);
});

test('elsewhere: no verdict on the reaction while state records may be missing', () => {
  assert.deepEqual(elsewhere(`${STUCK}\n2s lost crit 1\n2100ms tick`), ['unknown']);
  assert.deepEqual(elsewhere(`${STUCK}\n2s lost bulk 1\n2100ms tick`), ['no-reaction warning']);
});

test('elsewhere: a reset inside the SET_STATE makes its outcome unknown', () => {
  const text = `${OPENED}\n1s dev1 set STOP {\n2s dev1 reset function\n3s dev1 } -> ok`;
  assert.deepEqual(elsewhere(text), ['unknown']);
});
