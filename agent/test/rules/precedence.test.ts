// SPDX-License-Identifier: Apache-2.0
/** One cause, one violation: what explains what, and for how long. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findings } from '../run.js';

const of = (text: string, ...rules: string[]) =>
  findings(text).filter((f) => rules.some((rule) => f.startsWith(`${rule} `)));

const PAIR = `
  0     container1 join 1
  0     dev1 opened pci mlx5_vfio_pci container=1 group=1
  0     container1 join 2
  0     dev2 opened pci mlx5_vfio_pci container=1 group=2
  100ms container1 map 0xfe900000 0x100000
  100ms container1 p2p dev1 bar0+0 0xfe900000 0x100000`;
const P2P = ['p2p-window-open', 'p2p-quiesce-order', 'p2p-release-order', 'p2p-map-target-halted'] as const;

test('a P2P window explains the order that opened it', () => {
  assert.deepEqual(of(`${PAIR}\n1s dev1 set STOP_COPY\n2s tick\n3s tick\n4s tick`, ...P2P), [
    'p2p-window-open from-dev2 critical',
  ]);
  const released =
    '1s dev2 set RUNNING_P2P\n1100ms dev1 set STOP\n2s dev2 set RUNNING\n3s tick\n4s tick\n5s tick';
  assert.deepEqual(of(`${PAIR}\n${released}`, ...P2P), ['p2p-window-open from-dev2 warning']);
});

test('a wrong order that opened no window is reported, if only at the end of the records', () => {
  const shut = `${PAIR}\n1s dev1 set STOP_COPY\n1000500us dev2 set STOP_COPY`;
  assert.deepEqual(of(`${shut}\n2s tick\n3s tick\n4s tick`, ...P2P), [
    'p2p-quiesce-order mapped-peer-running warning',
  ]);
  assert.deepEqual(of(shut, ...P2P), ['p2p-quiesce-order mapped-peer-running warning']);
});

test('a P2P window explains a mapping that is made while it is open, and the window of one pair no other', () => {
  const open = `${PAIR}\n1s dev1 set STOP_COPY\n2s tick`;
  const again =
    '3s container1 map 0xfd900000 0x100000\n3s container1 p2p dev1 bar0+0 0xfd900000 0x100000\n6s tick\n9s tick';
  assert.deepEqual(of(`${open}\n${again}`, ...P2P), ['p2p-window-open from-dev2 critical']);
  const third = `${open}\n3s dev3 opened pci mlx5_vfio_pci container=1 group=3
    4s container1 map 0xfc900000 0x100000\n4s container1 p2p dev3 bar0+0 0xfc900000 0x100000
    4s dev3 set STOP_COPY\n4000400us dev2 set STOP_COPY\n9s tick`;
  assert.ok(of(third, 'p2p-quiesce-order').length === 1);
});

const ONE = '0 dev1 opened pci mlx5_vfio_pci container=1';

test('ERROR explains the SET_STATE that led there', () => {
  const failed = `${ONE}\n1s dev1 set STOP -> -EIO after=1`;
  const rules = ['fsm-transition-failed', 'error-state-entered'];
  assert.deepEqual(of(`${failed}\n1010ms dev1 get ERROR\n1020ms dev1 get ERROR\n2s tick`, ...rules), [
    'error-state-entered error critical',
  ]);
  assert.deepEqual(of(`${failed}\n2s tick`, ...rules), ['fsm-transition-failed failed warning']);
  assert.deepEqual(of(failed, ...rules), ['fsm-transition-failed failed warning']);
});

test('a blocked arc that is refused after all is not two violations; another bad request is one of its own', () => {
  const blocked = `${ONE}\n1s dev1 set STOP_COPY\n2s dev1 set PRE_COPY`;
  const rules = ['fsm-blocked-arc-spin', 'fsm-arc-rejected'];
  assert.deepEqual(of(blocked, ...rules), ['fsm-blocked-arc-spin requested critical']);
  assert.deepEqual(of(`${blocked}\n2010ms dev1 set ERROR`, ...rules), [
    'fsm-blocked-arc-spin requested critical',
    'fsm-arc-rejected error-requested warning',
  ]);
});

test('a reset explains what its session and its tracking come to, for 5 s', () => {
  const reset = `${ONE}\n1s dev1 log start\n1s dev1 set STOP_COPY\n2s dev1 reset collateral tgid=9`;
  const rules = ['dirty-report-inactive', 'data-session-killed', 'fsm-async-change'];
  assert.deepEqual(of(`${reset}\n3s dev1 data read -> -ENODEV\n3s dev1 log report -> -EINVAL`, ...rules), []);
});

test('a guest that runs explains what it touches', () => {
  const running = `${ONE}\n1ms dev1 mmap bar0+0 0x1000\n1s dev1 set STOP_COPY\n2s dev1 vcpu 0 tid=7`;
  const rules = ['vcpu-entry-while-halted', 'mmio-fault-while-halted', 'ioeventfd-write-while-halted'];
  const entry = 'vcpu-entry-while-halted entry-in-STOP_COPY critical';
  assert.deepEqual(of(`${running}\n2005ms dev1 fault mapped bar0+0 tid=7`, ...rules), [entry]);
  assert.deepEqual(of(`${running}\n2005ms dev1 ioeventfd bar0+0 4`, ...rules), [entry]);
  assert.deepEqual(of(`${running}\n2020ms dev1 fault mapped bar0+0 tid=7`, ...rules), [
    entry,
    'mmio-fault-while-halted touch-in-STOP_COPY critical',
  ]);
});
