// SPDX-License-Identifier: Apache-2.0
/** The v1 migration protocol: its own two rules, and the others on a device that migrates by it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findings, judged, verdicts } from '../run.js';

const OPENED = `
  0      dev1 opened mdev vendor_vgpu flags=none container=1 group=1
  1ms    dev1 v1 region
  2ms    dev1 v1 read state 1`;

/** One buffer of 100 bytes, by the book; `at` in ms. */
const buffer = (at: number) => `
  ${at}ms      dev1 v1 read pending 100
  ${at + 1}ms  dev1 v1 read offset 4096
  ${at + 2}ms  dev1 v1 read size 100
  ${at + 3}ms  dev1 v1 read data 100`;

/** What QEMU 7.2 does: pre-copy, stop-and-copy until nothing is pending, stopped. */
const SOURCE = `${OPENED}
  50ms   dev1 irqs INTX
  60ms   container1 track start
  100ms  dev1 v1 read state 1
  101ms  dev1 v1 write state 3 ${buffer(110)}
  120ms  dev1 v1 read pending 50
  200ms  dev1 v1 read state 3
  201ms  dev1 v1 write state 2 ${buffer(210)} ${buffer(220)}
  230ms  dev1 v1 read pending 0
  240ms  container1 track report
  300ms  dev1 v1 read state 2
  301ms  dev1 v1 write state 0
  400ms  container1 track stop
  1s     tick
  2s     dev1 closed exit=0`;

const DESTINATION = `${OPENED}
  100ms  dev1 v1 read state 1
  101ms  dev1 v1 write state 4
  110ms  dev1 v1 read offset 4096
  111ms  dev1 v1 write data 100
  112ms  dev1 v1 write size 100
  120ms  dev1 v1 read offset 4096
  121ms  dev1 v1 write data 60
  122ms  dev1 v1 write size 60
  130ms  dev1 irqs INTX
  200ms  dev1 v1 read state 4
  201ms  dev1 v1 write state 1
  1s     tick
  2s     dev1 v1 read state 1`;

const bits = (text: string) => verdicts('v1-invalid-state-bits', `${OPENED}\n${text}`);
const order = (text: string) => verdicts('v1-data-protocol-order', `${OPENED}\n${text}`);
const bad = (all: string[]) => all.filter((v) => v !== 'kept');
const world = (text: string) => judged(text).judge.world;

test('v1: a source and a destination as they should be raise nothing', () => {
  assert.deepEqual(findings(SOURCE), []);
  assert.deepEqual(findings(DESTINATION), ['set-irqs-in-resuming in-RESUMING info']);
  assert.deepEqual(bad(order(SOURCE.replace(OPENED, ''))), []);
  assert.deepEqual(bad(bits(DESTINATION.replace(OPENED, ''))), []);
});

test('v1: both sides complete, with the bytes that data_size told', () => {
  const ended = (text: string) => {
    const told: string[] = [];
    const observer = {
      arc: () => {},
      visit: () => {},
      migration: (side: string, result: string) => told.push(`${side} ${result}`),
      stopped: () => {},
      irqsRestored: () => {},
      appeared: () => {},
      gone: () => {},
    };
    judged(text, { observer });
    return told;
  };
  assert.deepEqual(ended(SOURCE), ['source completed']);
  assert.deepEqual(ended(DESTINATION), ['destination completed']);
  assert.equal(world(SOURCE.replace(/\n.*closed.*/, '')).devices.get(1)?.counts.bytesSaved, 300);
  assert.equal(world(DESTINATION).devices.get(1)?.counts.bytesResumed, 160);
});

test('v1: device_state is read as a v2 state', () => {
  const states = {
    0: 'STOP',
    1: 'RUNNING',
    2: 'STOP_COPY',
    3: 'PRE_COPY',
    4: 'RESUMING',
    5: 'unknown',
    7: 'unknown',
  };
  for (const [word, name] of Object.entries(states))
    assert.equal(world(`${OPENED}\n1s dev1 v1 write state ${word}`).devices.get(1)?.stateName, name, word);
  const failed = `${OPENED}\n1s dev1 v1 write state 2 -> -EIO`;
  assert.equal(world(failed).devices.get(1)?.stateName, 'unknown');
  assert.equal(world(`${failed}\n2s dev1 v1 read state 1`).devices.get(1)?.stateName, 'RUNNING');
  assert.equal(world(`${failed}\n2s dev1 v1 read state 6`).devices.get(1)?.stateName, 'ERROR');
});

test('v1: a device found open has an unknown state until device_state is read', () => {
  const found = '0 dev1 found mdev vendor_vgpu flags=none\n1s dev1 v1 region';
  assert.equal(world(found).devices.get(1)?.stateName, 'unknown');
  assert.equal(world(`${found}\n2s dev1 v1 read state 2`).devices.get(1)?.stateName, 'STOP_COPY');
  const text = `${found}\n2s dev1 v1 read state 2\n3s dev1 v1 read pending 0`;
  assert.deepEqual(verdicts('v1-data-protocol-order', text), ['unknown']);
});

test('v1: a lost device_state write leaves the state unknown', () => {
  assert.equal(world(`${OPENED}\n1s dev1 skips 1\n2s dev1 reopened`).devices.get(1)?.stateName, 'unknown');
});

test('bits: a state, with the reserved bits as they were read, is kept', () => {
  assert.deepEqual(bits('1s dev1 v1 write state 3'), ['kept']);
  assert.deepEqual(bits('1s dev1 v1 read state 0x101\n2s dev1 v1 write state 0x102'), ['kept']);
});

test('bits: what names no state, or only the driver may say', () => {
  assert.deepEqual(bits('1s dev1 v1 write state 5 -> -EINVAL'), ['invalid-101 warning']);
  assert.deepEqual(bits('1s dev1 v1 write state 7'), ['invalid-111 warning']);
  assert.deepEqual(bits('1s dev1 v1 write state 6'), ['error-written warning']);
});

test('bits: reserved bits that are not preserved; unknown where they were never read', () => {
  assert.deepEqual(bits('1s dev1 v1 read state 0x101\n2s dev1 v1 write state 2'), ['reserved-bits warning']);
  assert.deepEqual(bits('1s dev1 v1 write state 0x102'), ['reserved-bits warning']);
  const unread = '0 dev1 opened mdev x flags=none\n1s dev1 v1 region\n2s dev1 v1 write state 3';
  assert.deepEqual(verdicts('v1-invalid-state-bits', unread), ['unknown']);
});

test('bits: four bytes at offset 0; a record without the word is unknown', () => {
  assert.deepEqual(bits('1s dev1 v1 write state 3 of=1'), ['length warning']);
  assert.deepEqual(bits('1s dev1 v1 write state 3 of=8'), ['length warning']);
  assert.deepEqual(bits('1s dev1 v1 write state 0 of=2 at=2'), ['length warning']);
  assert.deepEqual(bits('1s dev1 v1 write state 3 miss=1'), ['unknown']);
});

const saving = (text: string) => bad(order(`1s dev1 v1 write state 2\n${text}`));

test('order: reading twice is no new step', () => {
  const text = '2s dev1 v1 read pending 9\n3s dev1 v1 read pending 9\n4s dev1 v1 read offset 4096';
  const rest =
    '5s dev1 v1 read size 9\n6s dev1 v1 read size 9\n7s dev1 v1 read offset 4096\n7s dev1 v1 read size 9';
  assert.deepEqual(saving(`${text}\n${rest}\n8s dev1 v1 read data 9\n9s dev1 v1 read pending 0`), []);
});

test('order: each step of saving that is left out', () => {
  assert.deepEqual(saving('2s dev1 v1 read offset 4096'), ['pending_bytes-not-read warning']);
  const pending = '2s dev1 v1 read pending 9';
  assert.deepEqual(saving(`${pending}\n3s dev1 v1 read size 9`), ['data_offset-not-read warning']);
  assert.deepEqual(saving(`${pending}\n3s dev1 v1 read data 9`), ['data_size-not-read warning']);
  const offset = `${pending}\n3s dev1 v1 read offset 4096`;
  assert.deepEqual(saving(`${offset}\n4s dev1 v1 read pending 9`), ['data_size-not-read warning']);
  const size = `${offset}\n4s dev1 v1 read size 9`;
  assert.deepEqual(saving(`${size}\n5s dev1 v1 read data 4\n6s dev1 v1 read pending 0`), [
    'data-not-read warning',
  ]);
  const again = `${size}\n5s dev1 v1 read data 9\n6s dev1 v1 read offset 4096`;
  assert.deepEqual(saving(again), ['pending_bytes-not-read warning']);
  assert.deepEqual(saving('2s dev1 v1 read pending 0\n3s dev1 v1 read offset 4096'), [
    'nothing-pending warning',
  ]);
});

test('order: data of a mapped region moves unseen', () => {
  const text = `1s dev1 mmap region9+0x1000 4096\n1s dev1 v1 write state 2\n2s dev1 v1 read pending 9
    3s dev1 v1 read offset 4096\n4s dev1 v1 read size 9\n5s dev1 v1 read pending 0`;
  assert.deepEqual(bad(order(text)), ['unknown']);
});

test('order: stop-and-copy is left when nothing is pending', () => {
  const left = (pending: string, next: number) =>
    saving(`2s dev1 v1 read pending ${pending}\n3s dev1 v1 write state ${next}`);
  assert.deepEqual(left('0', 0), []);
  assert.deepEqual(left('9', 0), ['pending-bytes-left warning']);
  assert.deepEqual(left('9', 1), ['rollback info']);
  assert.deepEqual(saving('3s dev1 v1 write state 0'), ['pending-bytes-left warning']);
  assert.deepEqual(saving('3s dev1 v1 write state 0 -> -EIO'), []);
});

test('order: after a loss nothing is held against anybody', () => {
  assert.deepEqual(saving('2s lost crit 1\n3s dev1 v1 write state 0'), ['unknown']);
  assert.deepEqual(saving('2s lost crit 1\n3s dev1 v1 read offset 4096'), ['unknown']);
});

test('order: each step of resuming that is left out', () => {
  const resuming = (text: string) => bad(order(`1s dev1 v1 write state 4\n${text}`));
  assert.deepEqual(resuming('2s dev1 v1 write size 9'), ['data_offset-not-read warning']);
  assert.deepEqual(resuming('2s dev1 v1 write data 9'), ['data_offset-not-read warning']);
  assert.deepEqual(resuming('2s dev1 v1 read offset 4096\n3s dev1 v1 write size 9'), [
    'data-not-written warning',
  ]);
});

const all = (text: string) => findings(`${OPENED}\n60ms container1 track start\n${text}`);

test('others: touches, interrupts set up, mappings changed in stop-and-copy', () => {
  const saved = '1s dev1 v1 write state 2';
  assert.deepEqual(all(`${saved}\n2s dev1 region write bar0+0 4`), [
    'mmio-rw-while-halted write-in-STOP_COPY critical',
  ]);
  assert.deepEqual(all(`${saved}\n2s dev1 irqs INTX`), ['set-irqs-in-stop-copy in-STOP_COPY warning']);
  assert.deepEqual(all(`${saved}\n2s dev1 v1 read pending 9`), []);
  assert.deepEqual(all(`${saved}\n2s dev1 closed exit=1`), [
    'close-mid-migration in-STOP_COPY warning',
    'stop-copy-not-drained incomplete warning',
  ]);
  assert.deepEqual(all(`${saved}\n2s dev1 reset`), ['reset-during-migration unexplained critical']);
});

test('others: the data window out of its states', () => {
  const window = (text: string) => bad(verdicts('data-fd-wrong-state', `${OPENED}\n${text}`));
  assert.deepEqual(window('1s dev1 v1 read data 9'), ['window-read warning']);
  assert.deepEqual(window('1s dev1 v1 write state 2\n2s dev1 v1 write data 9'), ['window-written warning']);
  assert.deepEqual(window('1s dev1 v1 write state 2\n2s dev1 v1 read data 9'), []);
});

test('others: 110b is ERROR at first sight, and wants a reset', () => {
  assert.deepEqual(
    all('1s dev1 v1 write state 4 -> -EIO\n2s dev1 v1 read state 6\n3s dev1 v1 write state 1 -> -EINVAL'),
    ['error-state-entered error critical', 'error-not-reset used-in-error warning'],
  );
});

test('others: a device that is not RUNNING when it is opened', () => {
  const text = '0 dev1 opened mdev x flags=none\n1s dev1 v1 region\n2s dev1 v1 read state 0';
  assert.deepEqual(verdicts('open-not-running', text), ['in-STOP warning']);
});

test('others: RESUMING left for RUNNING without data; dirty tracking off', () => {
  const text = `${OPENED}\n1s dev1 v1 write state 4\n2s dev1 v1 write state 1`;
  assert.deepEqual(findings(text), ['resume-without-data no-data warning']);
  assert.deepEqual(findings(`${OPENED}\n1s dev1 v1 write state 3`), ['dirty-tracking-absent absent info']);
});

test('others: an interrupt may be later than the start of the write that ends the stop', () => {
  const irq = (text: string) =>
    bad(verdicts('irq-while-halted', `${OPENED}\n1s dev1 v1 write state 0\n${text}`));
  assert.deepEqual(irq('2s dev1 irq MSI'), ['unknown']);
  assert.deepEqual(irq('2s dev1 irq MSI\n2100ms dev1 irq MSI'), ['unknown', 'unknown']);
  assert.deepEqual(irq('2s dev1 irq MSI\n3s dev1 irq MSI'), ['unknown', 'interrupts critical']);
});

test('others: its order among peers is not judged; the window that it leaves open is', () => {
  const two = `
    0 dev1 opened pci vendor_vf flags=none container=1 group=1
    0 dev2 opened pci mlx5_vfio_pci container=1 group=2
    0 container1 join 1
    0 container1 join 2
    1ms dev1 v1 region
    60ms container1 track start
    100ms container1 map 0x1000 0x1000
    100ms container1 p2p dev1 bar0+0 0x1000 0x1000
    1s dev1 v1 write state 2
    3s tick`;
  assert.deepEqual(verdicts('p2p-window-open', two).at(-1), 'from-dev2 critical');
  for (const id of ['p2p-quiesce-order', 'p2p-release-order', 'p2p-flag-missing-multi-device'])
    assert.deepEqual(verdicts(id, `${two}\n4s dev2 set STOP_COPY`), [], id);
});
