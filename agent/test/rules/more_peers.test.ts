// SPDX-License-Identifier: Apache-2.0
/** Several devices of one VM: the order of stop and start, who has the P2P flag, mappings that outlive a zap. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged, type Options, verdicts } from '../run.js';

const STRICT: Options = { profile: 'seed-strict' };
const quiesce = (text: string) => verdicts('p2p-quiesce-order', text);
const release = (text: string) => verdicts('p2p-release-order', text);
const flags = (text: string, options?: Options) => verdicts('p2p-flag-missing-multi-device', text, options);
const zapped = (text: string) => verdicts('p2p-map-survives-zap', text);

const opened = (one = '', two = one) => `
  0    container1 join 1
  0    container1 join 2
  0    dev1 opened pci mlx5_vfio_pci container=1 group=1 ${one}
  0    dev2 opened pci mlx5_vfio_pci container=1 group=2 ${two}`;
const TWO = opened();
/** The BAR of this device is where the other can reach it. */
const mapped = (device: string) => `${TWO}
  1ms  container1 map 0xfe000000 0x1000
  1ms  container1 p2p ${device} bar0+0 0xfe000000 0x1000`;

test('quiesce: all quiet, then all stopped', () => {
  const text = `${TWO}\n1s dev1 set RUNNING_P2P\n2s dev2 set RUNNING_P2P\n3s dev1 set STOP\n4s dev2 set STOP`;
  assert.deepEqual(quiesce(text), ['kept', 'kept']);
});

test('quiesce: a peer is running: info, warning where it reaches the device', () => {
  assert.deepEqual(quiesce(`${TWO}\n1s dev1 set STOP`), ['peer-running info']);
  assert.deepEqual(quiesce(`${TWO}\n1s dev1 set PRE_COPY\n2s dev1 set STOP_COPY`), ['peer-running info']);
  assert.deepEqual(quiesce(`${mapped('dev1')}\n1s dev1 set STOP`), ['mapped-peer-running warning']);
  assert.deepEqual(quiesce(`${mapped('dev2')}\n1s dev1 set STOP`), ['peer-running info']);
});

test('quiesce: RESUMING counts only with a mapping', () => {
  assert.deepEqual(quiesce(`${TWO}\n1s dev1 set RESUMING\n2s dev2 set RESUMING`), ['kept']);
  assert.deepEqual(quiesce(`${mapped('dev1')}\n1s dev1 set RESUMING`), ['mapped-peer-running warning']);
});

test('quiesce: alone, beside another VM, a peer without the flag, hisi, a refused request', () => {
  const one = '0 dev1 opened pci mlx5_vfio_pci\n';
  assert.deepEqual(quiesce(`${one}1s dev1 set STOP`), []);
  assert.deepEqual(quiesce(`${one}0 vm1 opened pci mlx5_vfio_pci\n1s dev1 set STOP`), []);
  assert.deepEqual(quiesce(`${opened('', 'flags=stop-copy')}\n1s dev1 set STOP`), []);
  assert.deepEqual(quiesce(`${TWO.replaceAll('mlx5', 'hisi_acc')}\n1s dev1 set STOP`), []);
  assert.deepEqual(
    quiesce(`${TWO.replace('dev2 opened pci mlx5', 'dev2 opened pci hisi_acc')}\n1s dev1 set STOP`),
    [],
  );
  assert.deepEqual(quiesce(`${TWO}\n1s dev1 set STOP\n2s dev1 set STOP_COPY\n3s dev2 set ERROR`), [
    'peer-running info',
  ]);
});

test('quiesce: unknown states, a peer on its way, lost records', () => {
  const found = TWO.replace('dev2 opened', 'dev2 found');
  assert.deepEqual(quiesce(`${found}\n1s dev1 set STOP`), ['unknown']);
  assert.deepEqual(quiesce(`${found}\n1s dev2 set STOP`), ['unknown']);
  assert.deepEqual(quiesce(`${TWO}\n1s dev2 set RUNNING_P2P {\n2s dev1 set STOP tid=9`), ['unknown']);
  assert.deepEqual(quiesce(`${TWO}\n1s lost crit 1\n2s dev1 set STOP`), ['unknown']);
});

const STOPPED = '1s dev1 set RUNNING_P2P\n1s dev2 set RUNNING_P2P\n2s dev1 set STOP\n3s dev2 set STOP';
const stopped = (text: string) => `${text}\n${STOPPED.replace('1s dev2', '1500ms dev2')}`;

test('release: all quiet, then all running', () => {
  const quiet = '4s dev1 set RUNNING_P2P\n5s dev2 set RUNNING_P2P\n6s dev1 set RUNNING\n7s dev2 set RUNNING';
  assert.deepEqual(release(`${stopped(TWO)}\n${quiet}`), ['kept', 'kept']);
});

test('release: a peer is halted: info, warning where it is reached, info in a rollback', () => {
  assert.deepEqual(release(`${stopped(TWO)}\n4s dev1 set RUNNING`), ['peer-halted info']);
  assert.deepEqual(release(`${stopped(mapped('dev2'))}\n4s dev1 set RUNNING`), [
    'mapped-peer-halted warning',
  ]);
  assert.deepEqual(release(`${stopped(mapped('dev1'))}\n4s dev1 set RUNNING`), ['peer-halted info']);
  for (const start of [TWO, mapped('dev2')])
    assert.deepEqual(
      release(
        `${start}\n500ms dev1 set PRE_COPY\n${STOPPED.replace('1s dev2', '1500ms dev2')}\n4s dev1 set RUNNING`,
      ),
      ['rollback info'],
    );
});

test('release: alone, from PRE_COPY, refused, a peer without the flag', () => {
  assert.deepEqual(release('0 dev1 opened pci mlx5_vfio_pci\n1s dev1 set STOP\n2s dev1 set RUNNING'), []);
  assert.deepEqual(release(`${TWO}\n1s dev2 set STOP\n2s dev1 set PRE_COPY\n3s dev1 set RUNNING`), []);
  assert.deepEqual(release(`${stopped(TWO)}\n4s dev1 set RUNNING -> -EIO after=1`), []);
  const poor = opened('', 'flags=stop-copy');
  assert.deepEqual(release(`${poor}\n1s dev1 set STOP\n2s dev2 set STOP\n3s dev1 set RUNNING`), []);
});

test('release: unknown states, a peer on its way, lost records', () => {
  const found = TWO.replace('dev2 opened', 'dev2 found');
  assert.deepEqual(release(`${found}\n1s dev1 set STOP\n2s dev1 set RUNNING`), ['unknown']);
  assert.deepEqual(release(`${stopped(TWO)}\n4s dev2 set RUNNING_P2P {\n5s dev1 set RUNNING tid=9`), [
    'unknown',
  ]);
  assert.deepEqual(release(`${stopped(TWO)}\n4s lost crit 1\n5s dev1 set RUNNING`), ['unknown']);
  assert.deepEqual(release(`${stopped(TWO)}\n4s dev1 set RUNNING {\n5s dev1 reset\n6s dev1 }`), ['unknown']);
});

test('flags: all have it, or one does not, in a migration of both', () => {
  assert.deepEqual(flags(`${TWO}\n1s dev1 set STOP_COPY\n2s dev2 set STOP_COPY`), ['kept']);
  const lacking = opened('', 'flags=stop-copy');
  for (const options of [{}, STRICT])
    assert.deepEqual(flags(`${lacking}\n1s dev1 set STOP_COPY\n2s dev2 set STOP_COPY`, options), [
      'without-p2p info',
    ]);
  assert.deepEqual(flags(`${lacking}\n1s dev1 set RESUMING\n2s dev2 set RESUMING`), ['without-p2p info']);
});

test('flags: with a mapping it is a warning, advisory in uapi', () => {
  for (const device of ['dev1', 'dev2']) {
    const text = `${mapped(device).replace('container=1 group=2', 'container=1 group=2 flags=stop-copy')}
      1s dev1 set STOP_COPY
      2s dev2 set STOP_COPY`;
    for (const options of [{}, STRICT]) assert.deepEqual(flags(text, options), ['mapped warning']);
    const v = judged(text).violations.find(({ rule }) => rule === 'p2p-flag-missing-multi-device');
    assert.equal(v?.advisory, true);
  }
});

test('flags: alone, paused, hisi; unknown where the SET_STATE began is', () => {
  const lacking = opened('', 'flags=stop-copy');
  assert.deepEqual(flags(`${lacking}\n1s dev1 set STOP\n2s dev2 set STOP_COPY`), []);
  assert.deepEqual(
    flags(`${lacking.replaceAll('mlx5', 'hisi_acc')}\n1s dev1 set STOP_COPY\n2s dev2 set STOP_COPY`),
    [],
  );
  assert.deepEqual(flags(`${lacking}\n1s dev1 set STOP_COPY {\n2s dev1 reset\n3s dev1 }`), ['unknown']);
});

const MAPPED = mapped('dev2');

test('zap: unmapped in time is kept, a mapping that survives is info', () => {
  assert.deepEqual(
    zapped(`${MAPPED}\n1s dev2 zap config\n1100ms container1 gone 0xfe000000 0x1000\n9s tick`),
    ['kept'],
  );
  assert.deepEqual(zapped(`${MAPPED}\n1s dev2 zap config\n1900ms tick`), []);
  assert.deepEqual(zapped(`${MAPPED}\n1s dev2 zap config\n2s tick\n3s tick`), ['in-dev1 info']);
  assert.deepEqual(zapped(`${MAPPED}\n1s dev2 zap reset\n2s tick`), ['in-dev1 info']);
});

test('zap: a reset that somebody else asked for, beside a device that runs, is a warning', () => {
  assert.deepEqual(zapped(`${MAPPED}\n1s dev2 zap hot tgid=9\n2s tick`), ['in-dev1 warning']);
  assert.deepEqual(zapped(`${MAPPED}\n1s dev2 zap reset tgid=9\n2s tick`), ['in-dev1 warning']);
  assert.deepEqual(zapped(`${MAPPED}\n1s dev2 zap config tgid=9\n2s tick`), ['in-dev1 info']);
  assert.deepEqual(zapped(`${MAPPED}\n500ms dev1 set STOP\n1s dev2 zap hot tgid=9\n2s tick`), [
    'in-dev1 info',
  ]);
});

test('zap: the own BAR, another device, a mapping made since; unknown after a loss', () => {
  assert.deepEqual(zapped(`${MAPPED}\n1s dev1 zap config\n2s tick`), []);
  assert.deepEqual(zapped(`${MAPPED.replace(/.*dev1 opened.*\n/, '')}\n1s dev2 zap config\n2s tick`), []);
  const since = MAPPED.replace('container=1 group=2', 'container=1 group=2\n  0 dev2 zap reset');
  assert.deepEqual(zapped(`${since}\n2s tick`), []);
  assert.deepEqual(zapped(`${MAPPED}\n1s dev2 zap config\n1s lost crit 1\n2s tick`), ['unknown']);
});
