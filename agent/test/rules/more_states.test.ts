// SPDX-License-Identifier: Apache-2.0
/** SET_STATE that never returns, that takes long, and states that are not what was left. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findings, type Options, verdicts } from '../run.js';

const OPENED = '0 dev1 opened pci mlx5_vfio_pci';
const STRICT: Options = { profile: 'seed-strict' };

const spin = (text: string, options?: Options) => verdicts('fsm-blocked-arc-spin', text, options);
const stuck = (text: string) => verdicts('fsm-transition-stuck', text);
const async = (text: string) => verdicts('fsm-async-change', text);
const opened = (text: string, options?: Options) => verdicts('open-not-running', text, options);
const reset = (text: string) => verdicts('reset-not-running', text);
const fd = (text: string) => verdicts('fsm-fd-not-delivered', text);
const dwell = (text: string, options?: Options) => verdicts('state-dwell-exceeded', text, options);

/** In STOP_COPY; of the next request no arc is seen, as the kernel never answers. */
const COPYING = `${OPENED}\n1s dev1 set STOP_COPY`;
const never = (state: string) => `${COPYING}\n2s dev1 skips 0 now=RUNNING\n2s dev1 set ${state} after=0 {`;

test('spin: the blocked arcs are critical at once, and confirmed a second later', () => {
  for (const state of ['PRE_COPY', 'PRE_COPY_P2P']) {
    assert.deepEqual(spin(never(state)), ['requested critical']);
    assert.deepEqual(spin(`${never(state)}\n2900ms tick`), ['requested critical']);
    const long = `${never(state)}\n3100ms tick\n4s tick\n90s tick`;
    for (const options of [{}, STRICT])
      assert.deepEqual(spin(long, options), ['requested critical', 'confirmed critical'], state);
    // One cause, one violation.
    assert.deepEqual(stuck(long), ['kept']);
  }
});

test('spin: other requests, other states and devices without the states are no blocked arc', () => {
  assert.deepEqual(spin(`${COPYING}\n2s dev1 set STOP\n3s dev1 set RUNNING`), ['kept']);
  assert.deepEqual(spin(`${COPYING}\n2s dev1 set STOP_COPY`), ['kept']);
  assert.deepEqual(spin(`${OPENED}\n1s dev1 set PRE_COPY {\n9s tick\n10s dev1 }`), ['kept']);
  const poor = '0 dev1 opened pci pds_vfio_pci flags=stop-copy,p2p\n1s dev1 set STOP_COPY';
  assert.deepEqual(spin(`${poor}\n2s dev1 set PRE_COPY {\n9s tick\n10s dev1 }`), ['kept']);
});

test('spin: a kernel that was seen to refuse has the fix', () => {
  const refused = `${COPYING}\n2s dev1 set PRE_COPY`;
  assert.deepEqual(spin(refused), ['requested critical']);
  assert.deepEqual(spin(`${refused}\n3s dev1 set PRE_COPY_P2P {\n9s tick\n10s dev1 }`), [
    'requested critical',
  ]);
});

test('spin: unknown state, a second thread, lost records', () => {
  assert.deepEqual(spin('0 dev1 found pci mlx5_vfio_pci in=STOP_COPY\n2s dev1 set PRE_COPY'), ['unknown']);
  assert.deepEqual(spin(`${COPYING}\n2s dev1 set STOP tid=7 {\n2s dev1 set PRE_COPY tid=8`), [
    'kept',
    'unknown',
  ]);
  assert.deepEqual(spin(`${never('PRE_COPY')}\n3s lost crit 1\n3100ms tick`), [
    'requested critical',
    'unknown',
  ]);
});

const LONG = `${OPENED}\n1s dev1 set STOP {`;

test('stuck: warning after 5 s, critical after 60 s, each once', () => {
  assert.deepEqual(stuck(`${LONG}\n5900ms tick\n5950ms dev1 }`), ['kept']);
  assert.deepEqual(stuck(`${LONG}\n5900ms tick`), []);
  assert.deepEqual(stuck(`${LONG}\n6100ms tick\n7s tick\n8s dev1 }`), ['slow warning']);
  assert.deepEqual(stuck(`${LONG}\n6100ms tick\n60s tick\n61100ms tick`), ['slow warning', 'stuck critical']);
});

test('stuck: no verdict where the return may be lost, the entry was not seen, or two were at once', () => {
  assert.deepEqual(stuck(`${LONG}\n6s lost crit 1\n6100ms tick`), ['unknown']);
  assert.deepEqual(stuck(`${LONG}\n2s dev1 reset function\n9s tick`), ['unknown']);
  assert.deepEqual(stuck(`${LONG}\n2s dev1 skips 1\n3s dev1 }`), ['unknown']);
});

test('async: the state that was left is kept', () => {
  assert.deepEqual(async(`${OPENED}\n1s dev1 set STOP\n2s dev1 get STOP\n3s dev1 set RUNNING`), [
    'kept',
    'kept',
  ]);
});

test('async: another state, by GET or at the next SET_STATE', () => {
  const seen = (from: string, now: string) => `${OPENED}\n1s dev1 set ${from}\n2s dev1 get ${now}`;
  assert.deepEqual(async(seen('STOP', 'RUNNING_P2P')), ['to-RUNNING_P2P warning']);
  assert.deepEqual(async(seen('PRE_COPY', 'STOP')), ['to-STOP critical']);
  assert.deepEqual(async(seen('RESUMING', 'STOP')), ['to-STOP critical']);
  const arc = `${OPENED}\n1s dev1 set STOP_COPY\n2s dev1 skips 0 now=STOP\n3s dev1 set RUNNING`;
  assert.deepEqual(async(arc), ['to-STOP critical']);
});

test('async: a return to RUNNING or ERROR, a hot reset of a neighbour: another rule, or unknown', () => {
  assert.deepEqual(async(`${OPENED}\n1s dev1 set STOP\n2s dev1 get RUNNING`), ['unknown']);
  assert.deepEqual(async(`${OPENED}\n1s dev1 set STOP\n2s dev1 get ERROR`), []);
  assert.deepEqual(async(`${OPENED}\n1s dev1 set STOP\n2s dev1 zap hot\n3s dev1 get RUNNING_P2P`), [
    'unknown',
  ]);
  assert.deepEqual(async(`${OPENED}\n1s dev1 set STOP\n2s dev1 reset\n3s dev1 get STOP`), []);
  assert.deepEqual(async(`${OPENED}\n1s dev1 get STOP`), []);
  const elsewhere = `${OPENED}\n1s dev1 set STOP_COPY after=2 -> ok\n2s dev1 get STOP`;
  assert.deepEqual(findings(elsewhere), ['fsm-landed-elsewhere success-elsewhere critical']);
});

test('async: unknown states, records out of step, a GET on the heels of a landing', () => {
  assert.deepEqual(async('0 dev1 found pci mlx5_vfio_pci\n1s dev1 get STOP'), ['unknown']);
  assert.deepEqual(async(`${OPENED}\n1s dev1 set STOP\n2s dev1 get RUNNING_P2P late=1`), []);
  assert.deepEqual(async(`${OPENED}\n1s dev1 set STOP\n1003ms dev1 get RUNNING_P2P`), ['unknown']);
  assert.deepEqual(async(`${OPENED}\n1s dev1 set STOP\n1006ms dev1 get RUNNING_P2P`), [
    'to-RUNNING_P2P warning',
  ]);
  assert.deepEqual(async(`${OPENED}\n1s dev1 set STOP\n1500ms dev1 set 9\n2s dev1 get STOP_COPY`), [
    'kept',
    'unknown',
  ]);
});

test('open: RUNNING, said by GET or by the first arc', () => {
  assert.deepEqual(opened(`${OPENED}\n1s dev1 get RUNNING\n2s dev1 set STOP`), ['kept', 'kept']);
  for (const options of [{}, STRICT])
    assert.deepEqual(opened(`${OPENED}\n1s dev1 get STOP`, options), ['in-STOP warning']);
  assert.deepEqual(opened(`${OPENED}\n1s dev1 skips 0 now=STOP\n2s dev1 set RUNNING`), ['in-STOP warning']);
});

test('open: only what was opened before our eyes, and only until the first SET_STATE', () => {
  assert.deepEqual(opened('0 dev1 found pci mlx5_vfio_pci\n1s dev1 get STOP'), []);
  assert.deepEqual(opened(`${OPENED}\n1s dev1 set STOP\n2s dev1 get RUNNING_P2P`), ['kept']);
  assert.deepEqual(opened(`${OPENED}\n1s dev1 get ERROR\n2s dev1 get STOP late=1`), []);
  assert.deepEqual(opened(`${OPENED}\n1s dev1 get STOP -> -EIO\n2s dev1 get STOP miss=1`), []);
});

const RESET = `${OPENED}\n1s dev1 set STOP\n2s dev1 reset`;

test('reset: RUNNING afterwards, or critical; unknown while it may be deferred', () => {
  assert.deepEqual(reset(`${RESET}\n2001ms dev1 get RUNNING\n3s dev1 set STOP`), ['kept', 'kept']);
  assert.deepEqual(reset(`${RESET}\n2200ms dev1 get STOP`), ['in-STOP critical']);
  assert.deepEqual(reset(`${RESET}\n2050ms dev1 get STOP`), ['unknown']);
  assert.deepEqual(reset(`${RESET}\n3s dev1 skips 0 now=STOP\n4s dev1 set RUNNING`), ['in-STOP critical']);
  assert.deepEqual(findings(`${RESET}\n2200ms dev1 get STOP`), ['reset-not-running in-STOP critical']);
});

test('reset: a failed one, one inside a SET_STATE, and what came later are not judged', () => {
  assert.deepEqual(reset(`${OPENED}\n1s dev1 set STOP\n2s dev1 reset -> -EIO\n3s dev1 get STOP`), []);
  assert.deepEqual(reset(`${OPENED}\n1s dev1 set STOP {\n2s dev1 reset\n3s dev1 }\n4s dev1 get STOP`), []);
  assert.deepEqual(reset(`${RESET}\n3s dev1 set STOP\n4s dev1 get STOP`), ['kept']);
  assert.deepEqual(reset(`${RESET}\n3s dev1 get ERROR`), []);
});

const EMFILE = `${OPENED}\n1s dev1 set PRE_COPY_P2P -> -EMFILE after=2 now=PRE_COPY_P2P`;

test('fd: delivered, or the device sits in a state without a stream', () => {
  assert.deepEqual(fd(`${OPENED}\n1s dev1 set PRE_COPY`), ['kept']);
  assert.deepEqual(fd(`${EMFILE}\n2s dev1 get PRE_COPY_P2P`), ['in-PRE_COPY_P2P warning']);
  assert.deepEqual(fd(`${EMFILE}\n2s dev1 set RUNNING`), ['in-PRE_COPY_P2P warning']);
});

test('fd: the arc itself failed, another error, an arc before the last, something in between', () => {
  const at = (ret: string, after: number, now: string) =>
    fd(`${OPENED}\n1s dev1 set PRE_COPY_P2P -> ${ret} after=${after} now=${now}\n2s dev1 get ${now}`);
  assert.deepEqual(at('-EMFILE', 2, 'PRE_COPY'), []);
  assert.deepEqual(at('-EIO', 2, 'PRE_COPY_P2P'), []);
  assert.deepEqual(at('-EMFILE', 1, 'PRE_COPY_P2P'), []);
  assert.deepEqual(fd(`${EMFILE}\n2s dev1 reset\n3s dev1 get PRE_COPY_P2P`), []);
  assert.deepEqual(fd(`${EMFILE}\n2s dev1 skips 2\n3s dev1 get PRE_COPY_P2P`), []);
});

const at = (state: string, more: string) => `${OPENED}\n1s dev1 set ${state}\n${more}`;

test('dwell: quiet states, warning after 10 s', () => {
  for (const state of ['RUNNING_P2P', 'PRE_COPY_P2P']) {
    assert.deepEqual(dwell(at(state, '10s tick')), []);
    assert.deepEqual(dwell(at(state, '10s tick\n10s dev1 set RUNNING')), ['kept']);
    assert.deepEqual(dwell(at(state, '11100ms tick\n12s tick\n13s dev1 set RUNNING')), [
      `in-${state} warning`,
    ]);
  }
});

test('dwell: STOP_COPY, warning where the drain stalls, info where the device is parked', () => {
  assert.deepEqual(dwell(at('STOP_COPY', '59s tick')), []);
  assert.deepEqual(dwell(at('STOP_COPY', '3600s tick')), ['idle-in-STOP_COPY info']);
  assert.deepEqual(dwell(at('STOP_COPY', '2s dev1 data read 60\n61s tick\n63s tick')), [
    'drain-stalled warning',
  ]);
  assert.deepEqual(dwell(at('STOP_COPY', '2s dev1 data read 60\n50s dev1 data read 60\n100s tick')), []);
  assert.deepEqual(dwell(at('STOP_COPY', '2s dev1 data read 0\n90s tick')), ['idle-in-STOP_COPY info']);
});

test('dwell: PRE_COPY and RESUMING, info after 30 min without data; STOP and ERROR never', () => {
  assert.deepEqual(dwell(at('PRE_COPY', '1700s tick')), []);
  assert.deepEqual(dwell(at('PRE_COPY', '1802s tick')), ['idle-in-PRE_COPY info']);
  assert.deepEqual(dwell(at('RESUMING', '1802s tick')), ['idle-in-RESUMING info']);
  assert.deepEqual(dwell(at('RESUMING', '1000s dev1 vcpu 0 tid=9\n1802s tick')), []);
  assert.deepEqual(dwell(at('RESUMING', '1000s dev1 data write 60\n1802s tick')), []);
  assert.deepEqual(dwell(at('STOP', '9000s tick')), []);
});

test('dwell: unknown where data or the end of the state was not seen', () => {
  assert.deepEqual(dwell(at('STOP_COPY', '2s lost bulk 1\n90s tick')), ['unknown']);
  assert.deepEqual(dwell(at('RUNNING_P2P', '11s lost crit 1\n11100ms tick')), ['unknown']);
  const unseen = at('STOP_COPY', '90s tick').replace('mlx5_vfio_pci', 'other_vfio_pci');
  assert.deepEqual(dwell(unseen), ['unknown']);
  assert.deepEqual(dwell('0 dev1 found pci mlx5_vfio_pci\n1s dev1 get STOP_COPY\n90s tick'), ['unknown']);
  assert.deepEqual(dwell(at('RUNNING_P2P', '2s dev1 set STOP {\n90s tick')), ['kept']);
});
