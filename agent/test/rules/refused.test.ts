// SPDX-License-Identifier: Apache-2.0
/** What looks like a violation and is none: a call that failed, a record that could not be read, another cause. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged, verdicts } from '../run.js';
import { inState, ONE, running, TWO } from './cases/case.js';

test('low-power: only a config write to a capability, asking for D3hot, with its own zap and no reset', () => {
  const d3 = (write: string, zap = 'zap config', between = '') =>
    verdicts(
      'low-power-during-migration',
      inState('STOP_COPY', `${zap}${between}\n2009ms dev1 region write ${write}`),
    );
  assert.deepEqual(d3('config+0x44 2 value=3'), ['d3hot-in-STOP_COPY warning']);
  assert.deepEqual(d3('config+0x40 2 value=0x107'), ['d3hot-in-STOP_COPY warning']);
  for (const write of ['config+0x3c 1 value=3', 'config+0x44 2 value=2', 'config+0x44 2 value=3 -> -EIO'])
    assert.deepEqual(d3(write), [], write);
  for (const zap of ['zap config tid=9', 'zap reset', 'tick'])
    assert.deepEqual(d3('config+0x44 2 value=3', zap.replace('tick', 'memory-enable')), [], zap);
  assert.deepEqual(d3('config+0x44 2 value=3', 'zap config', '\n2005ms dev1 reset function'), []);
  const late = inState('STOP_COPY', 'zap config\n2010ms dev1 region write config+0x44 2 value=3');
  assert.deepEqual(verdicts('low-power-during-migration', late), []);
});

test('fd-not-delivered: only where handing the fd over can have failed, of a request that opens a session', () => {
  const fd = (request: string, seen: string) =>
    verdicts('fsm-fd-not-delivered', running(`set ${request}`, `get ${seen}`));
  for (const errno of ['EMFILE', 'ENFILE', 'EFAULT'])
    assert.deepEqual(fd(`PRE_COPY -> -${errno} after=9`, 'PRE_COPY'), ['in-PRE_COPY warning'], errno);
  assert.deepEqual(fd('RESUMING -> -EMFILE after=9', 'RESUMING'), ['in-RESUMING warning']);
  assert.deepEqual(fd('PRE_COPY -> -EIO after=9', 'PRE_COPY'), []);
  assert.deepEqual(fd('STOP -> -EMFILE after=9', 'STOP'), []);
  assert.deepEqual(fd('RESUMING -> -EMFILE after=1', 'RESUMING'), []);
  assert.deepEqual(fd('PRE_COPY -> -EMFILE after=9', 'RUNNING'), []);
  const going = inState('PRE_COPY', 'set STOP_COPY -> -EMFILE after=9', 'get STOP_COPY');
  assert.deepEqual(verdicts('fsm-fd-not-delivered', going), ['kept']);
});

test('irqs-armed: judged when a destination has come to RUNNING, not otherwise', () => {
  const armed = (...actions: string[]) =>
    verdicts('irqs-armed-after-running', inState('RESUMING', 'irqs MSIX', 'data write 60', ...actions));
  assert.deepEqual(armed('set RUNNING'), ['kept']);
  for (const request of ['set RUNNING -> -EIO after=1', 'set RUNNING miss=1', 'set STOP', 'set RUNNING_P2P'])
    assert.deepEqual(armed(request), [], request);
  assert.deepEqual(armed('set RUNNING', 'set RUNNING'), ['kept']);
  const source = inState('STOP_COPY', 'irqs MSIX', 'set RUNNING');
  assert.deepEqual(verdicts('irqs-armed-after-running', source), []);
});

test('p2p-flag-missing: when a migration is entered, and that succeeded', () => {
  const lacking = TWO.replace('dev2 opened pci mlx5_vfio_pci', 'dev2 opened pci x flags=stop-copy');
  const of = (text: string) => verdicts('p2p-flag-missing-multi-device', text);
  const saving = `${lacking}\n1s dev2 set STOP_COPY`;
  assert.deepEqual(of(`${saving}\n2s dev1 set PRE_COPY`), ['without-p2p info']);
  assert.deepEqual(of(`${saving}\n2s dev1 set PRE_COPY\n3s dev1 set STOP_COPY`), ['without-p2p info']);
  for (const what of ['set PRE_COPY -> -EIO after=1', 'set PRE_COPY miss=1', 'set STOP'])
    assert.deepEqual(of(`${saving}\n2s dev1 ${what}`), [], what);
  assert.deepEqual(of(`${saving}\n2s dev1 set PRE_COPY {\n3s dev1 reset\n4s dev1 }`), ['unknown']);
  assert.deepEqual(of(`${lacking}\n1s dev2 set STOP\n2s dev1 set PRE_COPY`), []);
});

test('a reset explains, for 5 s, what its session and its tracking come to, and no longer', () => {
  const failing = (at: string) =>
    `${ONE}\n1s dev1 log start\n2s dev1 reset\n${at} dev1 log report -> -EINVAL`;
  assert.deepEqual(verdicts('dirty-report-inactive', failing('6999ms')), []);
  assert.deepEqual(verdicts('dirty-report-inactive', failing('7s')), ['unknown']);
});

test('blackout: a v1 destination that starts is unknown, whatever else is written or read is not judged', () => {
  const v1 =
    '0 dev1 opened mdev vendor flags=none\n1ms dev1 v1 region\n2ms dev1 v1 read state 1\n1s dev1 v1 write state 4';
  const of = (text: string) => verdicts('blackout-budget-exceeded', `${v1}\n${text}`);
  assert.deepEqual(of('2s dev1 v1 write state 1'), ['unknown']);
  assert.deepEqual(of('2s dev1 v1 write state 0'), []);
  assert.deepEqual(of('2s dev1 v1 write state 1\n3s dev1 v1 write state 1'), ['unknown']);
});

test('an attachment that is refused leaves the device where it was', () => {
  const containerOf = (text: string) => judged(`${ONE}\n${text}`).judge.world.devices.get(1)?.container;
  assert.equal(containerOf('1s dev1 ioas attach 2'), 2);
  assert.equal(containerOf('1s dev1 ioas attach 2 -> -EBUSY'), 1);
  assert.equal(containerOf('1s dev1 ioas detach'), 0);
});

test('data-fd: a write to the fd of a saving session is the user, before and after its end', () => {
  const of = (...actions: string[]) => verdicts('data-fd-wrong-state', inState('PRE_COPY', ...actions));
  assert.deepEqual(of('data write -> -ENODEV'), ['write-refused warning']);
  assert.deepEqual(of('data write 60'), ['write-succeeded critical']);
  assert.deepEqual(of('data read 60'), ['kept']);
});
