// SPDX-License-Identifier: Apache-2.0
/** What the records cannot tell must not be told: late attach, loss, threads at once, drift. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from '../../src/wire/events.gen.js';
import { findings, judged, verdicts } from '../run.js';

const OPENED = '0 dev1 opened pci mlx5_vfio_pci';
const TOUCH = 'dev1 region write bar0+0 4 tid=9';

const state = (text: string) => {
  const d = judged(text).judge.world.devices.get(1);
  return `${d?.stateName} by ${d?.how}`;
};
const mmio = (text: string) => verdicts('mmio-rw-while-halted', text);

const FOUND = '0 dev1 found pci mlx5_vfio_pci in=STOP';

test('late: nothing is known and only the lateness is reported', () => {
  const text = `${FOUND}
    1s ${TOUCH}
    2s dev1 irqs MSIX
    3s dev1 region write config+0x4 2
    4s dev1 data read 60
    5s dev1 reset -> -EIO
    6s tick
    60s tick
    61s dev1 closed signal=9`;
  assert.equal(state(FOUND), 'unknown by unknown');
  assert.deepEqual(findings(text), ['observability-gap late-dev1 info']);
  const { tallies } = judged(text).judge.engine;
  // What the device is, its record says; what was done to it, nothing does.
  const inventory = ['observability-gap', 'mig-flags-invalid', 'no-quiescent-state', 'unsupported-bus-type'];
  const kept = [...tallies].filter(([id, t]) => t.kept > 0 && !inventory.includes(id)).map(([id]) => id);
  assert.deepEqual(kept, []);
});

test('late: the first GET, SET_STATE return or reset tells', () => {
  assert.equal(state(`${FOUND}\n1s dev1 get STOP`), 'STOP by get');
  assert.equal(state(`${FOUND}\n1s dev1 get STOP -> -EIO`), 'unknown by unknown');
  assert.equal(state(`${FOUND}\n1s dev1 get STOP miss=1`), 'unknown by unknown');
  assert.equal(state(`${FOUND}\n1s dev1 set STOP_COPY`), 'STOP_COPY by set');
  assert.equal(state(`${FOUND}\n1s dev1 set STOP_COPY miss=1`), 'unknown by unknown');
  assert.equal(state(`${FOUND}\n1s dev1 set STOP_COPY -> -EIO after=1`), 'unknown by unknown');
  assert.equal(state(`${FOUND}\n1s dev1 reset`), 'RUNNING by reset');
});

test('late: the first arc tells where the SET_STATE began', () => {
  const text = `${FOUND}\n1s dev1 set STOP_COPY`;
  assert.equal(judged(text).judge.world.devices.get(1)?.history[0]?.from, 'STOP');
  assert.deepEqual(
    verdicts('resume-without-data', `${FOUND.replace('STOP', 'RESUMING')}\n1s dev1 set RUNNING`),
    ['unknown'],
  );
});

test('late: a SET_STATE whose entry was not seen is under way until it returns', () => {
  const text = `${FOUND}\n1s dev1 arc STOP RUNNING_P2P\n2s ${TOUCH}`;
  assert.deepEqual(mmio(text), ['unknown']);
});

test('loss: a jump of the ordinal makes the state unknown, and the record that jumps is not judged by it', () => {
  const lost = `${OPENED}\n1s dev1 set STOP_COPY\n2s dev1 skips 2 now=RUNNING`;
  assert.deepEqual(mmio(`${lost}\n3s ${TOUCH}`), ['unknown']);
  assert.deepEqual(verdicts('close-mid-migration', `${lost}\n3s dev1 closed signal=9`), ['unknown']);
  assert.deepEqual(verdicts('reset-during-migration', `${lost}\n3s dev1 reset tgid=1`), ['unknown']);
  assert.deepEqual(verdicts('stop-copy-not-drained', `${lost}\n3s dev1 closed exit=0`), []);
});

test('loss: inside a SET_STATE, whatever part of it', () => {
  const whole = ['1000ms dev1 set STOP_COPY after=2 {', '2s     dev1 skips 1', '3s     dev1 } -> ok'];
  const text = `${OPENED}\n${whole.join('\n')}`;
  assert.equal(state(text), 'STOP_COPY by set');
  assert.deepEqual(findings(text), []);
  const entry = `${OPENED}\n1s dev1 skips 1\n1s dev1 arc RUNNING STOP\n2s ${TOUCH}`;
  assert.deepEqual(mmio(entry), ['unknown']);
});

test('loss: the next landing is known again', () => {
  const text = `${OPENED}\n1s dev1 skips 3 now=STOP\n2s dev1 set STOP_COPY\n3s ${TOUCH}`;
  assert.deepEqual(mmio(text), ['write-in-STOP_COPY critical']);
});

test('loss: a lagging or leading ordinal of an access is a loss that has not shown yet', () => {
  assert.deepEqual(mmio(`${OPENED}\n1s dev1 set STOP\n2s ${TOUCH} late=1`), ['unknown']);
  assert.deepEqual(mmio(`${OPENED}\n1s dev1 set STOP\n2s ${TOUCH} late=-1`), ['unknown']);
});

/** Threads 7 and 8 at once; the driver's mutex decides which goes first. */
const TWO = `${OPENED}
  1s     dev1 set STOP_COPY tid=7 {
  1100ms dev1 set RUNNING_P2P tid=8 {`;

test('two threads at once: nothing is judged until both are back, and then the state is unknown', () => {
  for (const [first, second] of [
    ['7', '8'],
    ['8', '7'],
  ]) {
    const back = `${TWO}\n2s dev1 } tid=${first}`;
    assert.deepEqual(mmio(`${back}\n3s ${TOUCH}`), ['unknown']);
    const both = `${back}\n4s dev1 } tid=${second}`;
    assert.equal(state(both), 'unknown by unknown');
    assert.deepEqual(mmio(`${both}\n5s ${TOUCH}`), ['unknown']);
    assert.deepEqual(findings(`${both}\n9s tick`), []);
    assert.equal(state(`${both}\n6s dev1 set STOP`), 'STOP by set');
  }
});

test('two threads at once: a failure of either is not blamed on the driver', () => {
  assert.deepEqual(findings(`${TWO}\n2s dev1 } tid=8 -> -EIO\n3s dev1 } tid=7 -> -EINVAL\n9s tick`), []);
  assert.deepEqual(findings(`${TWO}\n2s dev1 } tid=7 -> -EINVAL\n3s dev1 } tid=8 -> -EIO\n9s tick`), []);
});

test('a reset inside SET_STATE leaves the state unknown', () => {
  const text = `${OPENED}\n1s dev1 set STOP_COPY {\n2s dev1 reset function\n3s dev1 }`;
  assert.equal(state(text), 'unknown by unknown');
  assert.deepEqual(mmio(`${text}\n4s ${TOUCH}`), ['unknown']);
});

test('drift: the word of the driver outweighs ours', () => {
  // An AER recovery has reset the device: no record, but the next SET_STATE starts from RUNNING.
  const text = `${OPENED}\n1s dev1 set RESUMING\n2s dev1 skips 0 now=RUNNING\n3s dev1 set PRE_COPY`;
  // The fd of the session that the reset ended is still open.
  assert.deepEqual(findings(text), ['data-session-superseded superseded info']);
  assert.equal(judged(text).judge.world.devices.get(1)?.history.at(-1)?.from, 'RUNNING');
});

test('drift: a GET that contradicts leaves the state unknown', () => {
  const text = `${OPENED}\n1s dev1 set STOP_COPY\n2s dev1 get RUNNING`;
  assert.equal(state(text), 'unknown by unknown');
  assert.deepEqual(mmio(`${text}\n3s ${TOUCH}`), ['unknown']);
  assert.equal(state(`${text}\n3s dev1 get RUNNING`), 'RUNNING by get');
  assert.equal(state(`${OPENED}\n1s dev1 set STOP\n2s dev1 get STOP`), 'STOP by set');
});

test('a GET inside SET_STATE tells nothing', () => {
  const text = `${OPENED}\n1s dev1 set STOP {\n2s dev1 get RUNNING_P2P\n3s dev1 }`;
  assert.equal(state(text), 'STOP by set');
});

test('records of unknown devices and sessions are counted and change nothing', () => {
  const { world } = judged(
    `${OPENED}\n1s dev1 closed\n2s dev1 set STOP\n3s dev1 data read 4 session=9`,
  ).judge;
  assert.equal(world.devices.size, 0);
  assert.equal(world.unattributed, 5);
});

test('loss: of a ring that there is not, as a broken trace may have it, anything may be missing', () => {
  const device = judged(OPENED).judge;
  device.feed(encode('lost', { at: 5_000_000_001_000n, ring: 0xffffffff, count: 3 }));
  device.feed(encode('tick', { at: 5_000_000_002_000n }));
  assert.deepEqual([...device.world.lost], [3, 3]);
  assert.deepEqual([device.world.mayHaveLost(0, 0), device.world.mayHaveLost(1, 0)], [true, true]);
});
