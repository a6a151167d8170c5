// SPDX-License-Identifier: Apache-2.0
/** BAR faults, live mappings, ioeventfds, low power. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findings, judged, type Options, verdicts } from '../run.js';

const OPENED = '0 dev1 opened pci mlx5_vfio_pci';
const STRICT: Options = { profile: 'seed-strict' };

const fault = (text: string, options?: Options) => verdicts('mmio-fault-while-halted', text, options);
const live = (text: string, options?: Options) => verdicts('mmio-mapping-live-while-halted', text, options);
const quiet = (text: string, options?: Options) => verdicts('mmio-access-in-p2p-state', text, options);
const eventfd = (text: string) => verdicts('ioeventfd-write-while-halted', text);
const power = (text: string) => verdicts('low-power-during-migration', text);

/** Something a long time after landing in a state, by another thread. */
const later = (state: string, what: string, driver = 'mlx5_vfio_pci') => `
  0     dev1 opened pci ${driver}
  1ms   dev1 set ${state}
  10ms  dev1 ${what} tid=9`;
const TOUCH = 'fault mapped bar0+0x10';

test('fault: a touch is kept outside HALT, a warning in STOP, critical in STOP_COPY', () => {
  assert.deepEqual(fault(later('RUNNING_P2P', TOUCH)), ['kept']);
  assert.deepEqual(fault(later('PRE_COPY', TOUCH)), ['kept']);
  assert.deepEqual(fault(later('STOP', TOUCH)), ['touch-in-STOP warning']);
  assert.deepEqual(fault(later('STOP_COPY', TOUCH)), ['touch-in-STOP_COPY critical']);
});

test('fault: in RESUMING merged text is silent: advisory in uapi, critical in seed-strict', () => {
  const text = later('RESUMING', TOUCH);
  assert.deepEqual(fault(text), ['touch-in-RESUMING warning']);
  assert.deepEqual(fault(text, STRICT), ['touch-in-RESUMING critical']);
  const [v] = judged(text).violations;
  assert.deepEqual([v?.norm, v?.advisory], ['N3', true]);
});

test('fault: a refused one counts one severity less, a retried one not at all', () => {
  const refused = (state: string) => fault(later(state, 'fault refused bar0+0'));
  assert.deepEqual(refused('STOP'), ['attempted-touch-in-STOP info']);
  assert.deepEqual(refused('STOP_COPY'), ['attempted-touch-in-STOP_COPY warning']);
  assert.deepEqual(refused('RESUMING'), ['attempted-touch-in-RESUMING warning']);
  assert.deepEqual(fault(later('STOP_COPY', 'fault retried bar0+0 order=9')), []);
});

test('fault: MAP_DMA that faults a BAR in is no touch, whatever it came to', () => {
  for (const how of ['mapped', 'refused', 'retried'])
    assert.deepEqual(findings(later('STOP_COPY', `fault ${how} bar0+0 prefault=1`)), []);
  assert.deepEqual(quiet(later('RUNNING_P2P', 'fault mapped bar0+0 prefault=1')), []);
});

test('fault: the doorbell of hisi_acc wakes the stopped device', () => {
  const hisi = (bar: number) => fault(later('STOP', `fault mapped bar${bar}+0`, 'hisi-acc-vfio-pci'));
  assert.deepEqual(hisi(2), ['touch-in-STOP critical']);
  assert.deepEqual(hisi(0), ['touch-in-STOP warning']);
});

test('fault: 50 us of grace for other threads, none for the one that set the state', () => {
  const after = (us: number, tid: number) => `${OPENED}
    1ms             dev1 set STOP took=1us
    ${1001 + us}us  dev1 ${TOUCH} tid=${tid}`;
  assert.deepEqual(fault(after(49, 9)), ['unknown']);
  assert.deepEqual(fault(after(50, 9)), ['touch-in-STOP warning']);
  assert.deepEqual(fault(after(0, 100)), ['touch-in-STOP warning']);
});

test('fault: in a transition, in an unknown state, out of step: unknown', () => {
  const inside = `${OPENED}
    1ms dev1 set STOP
    5ms dev1 set RUNNING {
    6ms dev1 ${TOUCH} tid=9
    7ms dev1 }`;
  assert.deepEqual(fault(inside), ['unknown']);
  assert.equal(judged(inside).judge.world.devices.get(1)?.counts.ambiguous, 1);
  assert.deepEqual(fault(`0 dev1 found pci mlx5_vfio_pci\n1ms dev1 ${TOUCH}`), ['unknown']);
  assert.deepEqual(fault(later('STOP', `${TOUCH} late=1`)), ['unknown']);
});

test('fault: who, where and since when', () => {
  const text = `${OPENED}
    1ms  dev1 set STOP took=0
    2ms  dev1 zap config
    5ms  dev1 fault mapped bar2+0x3000 order=9 tid=9 tgid=7`;
  const v = judged(text).violations.find((f) => f.rule === 'mmio-fault-while-halted');
  const evidence = { region: 2, offset: 0x3000, order: 9, since_landed_ns: 4e6, since_zap_ns: 3e6 };
  assert.deepEqual(v?.evidence, evidence);
  assert.deepEqual([v?.event.tgid, v?.event.tid], [7, 9]);
});

test('live mapping: only what is known to be unmapped is kept', () => {
  assert.deepEqual(live(`${OPENED}\n1s dev1 set STOP`), ['kept']);
  assert.deepEqual(live(`${OPENED}\n1s dev1 mmap bar0+0 4096 -> -EINVAL\n2s dev1 set STOP`), ['kept']);
  // Mapped, and faulted in while RUNNING, where faults are not recorded: nobody knows.
  assert.deepEqual(live(`${OPENED}\n1s dev1 mmap bar0+0 4096\n2s dev1 set STOP`), []);
});

test('live mapping: faults that no zap has undone', () => {
  const text = (between: string) => `${OPENED}
    1s dev1 mmap bar0+0 4096
    2s dev1 set RUNNING_P2P
    3s dev1 fault mapped bar0+0
    4s ${between}
    5s dev1 set STOP`;
  assert.deepEqual(live(text('tick')), ['live info']);
  assert.deepEqual(live(text('tick'), STRICT), ['live warning']);
  assert.deepEqual(live(text('dev1 zap config')), []);
  assert.deepEqual(live(`${text('tick')}\n6s dev1 set STOP_COPY`), ['live info']);
  assert.deepEqual(live(text('tick').replace('fault mapped', 'fault refused')), []);
});

test('live mapping: a device older than the agent, or lost records, prove nothing', () => {
  const found = '0 dev1 found pci mlx5_vfio_pci\n1s dev1 set RUNNING\n2s dev1 set STOP';
  assert.deepEqual(live(found), ['unknown']);
  assert.deepEqual(live(`${OPENED}\n1s lost crit 1\n2s dev1 set STOP`), ['unknown']);
  assert.deepEqual(live(`${OPENED}\n1s dev1 set STOP -> -EIO`), []);
});

test('quiet: a touch is a warning, on qat info', () => {
  for (const what of ['region read bar0+0 4', 'region write bar0+0 4', TOUCH])
    for (const state of ['RUNNING_P2P', 'PRE_COPY_P2P']) {
      const kind = what.startsWith('fault') ? 'fault' : what.slice(0, 12).trim().replace(' ', '_');
      const reason = `${kind.startsWith('region_w') ? 'region_write' : kind}-in-${state}`;
      assert.deepEqual(quiet(later(state, what)), [`${reason} warning`]);
      assert.deepEqual(quiet(later(state, what), STRICT), [`${reason} warning`]);
      assert.deepEqual(quiet(later(state, what, 'qat_vfio_pci')), [`${reason} info`]);
    }
});

test('quiet: kept in other states; config, refused faults and other buses are not its business', () => {
  assert.deepEqual(quiet(later('STOP', TOUCH)), ['kept']);
  assert.deepEqual(quiet(later('PRE_COPY', 'region write bar0+0 4')), ['kept']);
  assert.deepEqual(quiet(later('RUNNING_P2P', 'region read config+4 2')), []);
  assert.deepEqual(quiet(later('RUNNING_P2P', 'region write config+4 2')), []);
  assert.deepEqual(quiet(later('RUNNING_P2P', 'fault refused bar0+0')), []);
});

test('quiet: just landed or in an unknown state: unknown', () => {
  const text = `${OPENED}\n1ms dev1 set RUNNING_P2P took=1us\n1020us dev1 ${TOUCH} tid=9`;
  assert.deepEqual(quiet(text), ['unknown']);
  assert.deepEqual(quiet(`0 dev1 found pci mlx5_vfio_pci\n1ms dev1 ${TOUCH}`), ['unknown']);
});

test('ioeventfd: critical in HALT, warning in QUIET, kept else', () => {
  const write = 'ioeventfd bar0+0x4 4 value=1';
  assert.deepEqual(eventfd(later('STOP', write)), ['write-in-STOP critical']);
  assert.deepEqual(eventfd(later('STOP_COPY', write)), ['write-in-STOP_COPY critical']);
  assert.deepEqual(eventfd(later('RUNNING_P2P', write)), ['write-in-RUNNING_P2P warning']);
  assert.deepEqual(eventfd(later('PRE_COPY', write)), ['kept']);
});

test('ioeventfd: drained late is info; whose thread it ran in says nothing', () => {
  const after = (us: number, tid: number) => `${OPENED}
    1ms             dev1 set STOP took=1us
    ${1001 + us}us  dev1 ioeventfd bar0+0 4 tid=${tid}`;
  assert.deepEqual(eventfd(after(999, 9)), ['write-in-STOP-late info']);
  assert.deepEqual(eventfd(after(1000, 9)), ['write-in-STOP critical']);
  assert.deepEqual(eventfd(`${after(300, 9)}\n1400us dev1 ioeventfd bar0+0 4 tid=9`), [
    'write-in-STOP-late info',
    'write-in-STOP critical',
  ]);
  assert.deepEqual(eventfd(after(20, 100)), ['unknown']);
  assert.deepEqual(eventfd('0 dev1 found pci mlx5_vfio_pci\n1ms dev1 ioeventfd bar0+0 4'), ['unknown']);
});

test('low power: an entry in the middle of a migration', () => {
  assert.deepEqual(power(`${OPENED}\n1s dev1 low-power entry`), ['kept']);
  assert.deepEqual(power(later('STOP', 'low-power entry')), ['entry-in-STOP info']);
  assert.deepEqual(power(later('STOP_COPY', 'low-power wakeup')), ['entry-in-STOP_COPY warning']);
  assert.deepEqual(power(later('RESUMING', 'low-power entry')), ['entry-in-RESUMING warning']);
});

test('low power: leaving it and being refused are nothing; unknown where the state is', () => {
  assert.deepEqual(power(later('STOP_COPY', 'low-power exit')), []);
  assert.deepEqual(power(later('STOP_COPY', 'low-power entry -> -EINVAL')), []);
  assert.deepEqual(power('0 dev1 found pci mlx5_vfio_pci\n1s dev1 low-power exit'), []);
  assert.deepEqual(power('0 dev1 found pci mlx5_vfio_pci\n1s dev1 low-power entry'), ['unknown']);
  assert.deepEqual(power(later('STOP_COPY', 'low-power entry late=1')), ['unknown']);
});
