// SPDX-License-Identifier: Apache-2.0
/** Arcs, visits, sessions, containers, coverage: what the world holds after a scenario. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Context } from '../../src/model/context.js';
import { coverage } from '../../src/model/coverage.js';
import { Cursor } from '../../src/wire/cursor.js';
import { Decoder, encode } from '../../src/wire/events.gen.js';
import { judged } from '../run.js';
import { scenario } from '../scenario.js';
import { KINDS, SAMPLES } from '../wire/samples.js';
import { of, told } from './recorder.js';

const OPENED = '0 dev1 opened pci mlx5_vfio_pci container=1';

const world = (text: string, preamble = true) => judged(`${OPENED}\n${text}`, { preamble }).judge.world;
const device = (text: string) => world(text).devices.get(1);
const container = (text: string) => world(text).containers.get(1);

test('an arc lasts from its answer to the next answer, the last one to the return', () => {
  const text = `${OPENED}
    1000ms dev1 set STOP_COPY took=30ms
    2000ms dev1 set RUNNING after=2 took=20ms -> -EIO`;
  assert.deepEqual(of('arc', text), [
    'RUNNING RUNNING_P2P ok 10ms',
    'RUNNING_P2P STOP ok 10ms',
    'STOP STOP_COPY ok 10ms',
    'STOP_COPY STOP ok 10ms',
    'STOP RUNNING_P2P failed 10ms',
  ]);
});

test('arcs that could not be read, or of two threads at once, are told to nobody', () => {
  assert.deepEqual(of('arc', `${OPENED}\n1s dev1 set STOP miss=2`), []);
  const two = `${OPENED}\n1s dev1 set STOP tid=7 after=0 {\n2s dev1 set STOP tid=8 {\n3s dev1 } tid=8\n4s dev1 } tid=7`;
  assert.deepEqual(of('arc', two), []);
  assert.deepEqual(of('arc', `${OPENED}\n1s dev1 set 9`), []);
});

test('a visit lasts from landing to landing; standing still ends none', () => {
  const text = `${OPENED}
    1s     dev1 set PRE_COPY took=0
    1500ms dev1 set PRE_COPY took=0
    3s     dev1 set STOP_COPY took=500ms
    4s     dev1 reset
    9s     dev1 closed`;
  assert.deepEqual(of('visit', text), [
    'RUNNING 1000ms',
    'PRE_COPY 2500ms',
    'STOP_COPY 500ms',
    'RUNNING 5000ms',
  ]);
});

test('a visit whose begin or end is not known is told to nobody', () => {
  assert.deepEqual(of('visit', '0 dev1 found pci mlx5_vfio_pci in=STOP\n1s dev1 set RUNNING'), []);
  const drift = `${OPENED}\n1s dev1 set RESUMING took=0\n2s dev1 skips 0 now=RUNNING\n3s dev1 set PRE_COPY`;
  assert.deepEqual(of('visit', drift), ['RUNNING 1000ms']);
});

test('a device appears with its record and is gone with its last fd', () => {
  const text = `${OPENED}\n1s dev1 reopened\n2s dev1 closed left=1\n3s dev1 closed`;
  assert.deepEqual([...of('appeared', text), ...of('gone', text)], ['dev1', 'dev1']);
  assert.equal(told(text).at(-1), 'gone dev1');
  assert.equal(device('1s dev1 closed left=1')?.name, 'dev1');
});

test('opening a second fd is no return to RUNNING', () => {
  assert.equal(device('1s dev1 set STOP\n2s dev1 reopened')?.stateName, 'STOP');
});

test('the history keeps what was asked, walked and reached', () => {
  const [visit] = device('1s dev1 set STOP_COPY took=30ms tid=7')?.history ?? [];
  assert.deepEqual(visit, {
    enter: 1e9,
    exit: 1_030_000_000,
    from: 'RUNNING',
    requested: 'STOP_COPY',
    steps: ['RUNNING→RUNNING_P2P', 'RUNNING_P2P→STOP', 'STOP→STOP_COPY'],
    landed: 'STOP_COPY',
    ret: 0,
    tid: 7,
  });
  const many = Array.from({ length: 40 }, (_, n) => `${n + 1}s dev1 set ${n % 2 ? 'RUNNING' : 'STOP'}`);
  assert.equal(device(many.join('\n'))?.history.length, 32);
});

test('a session counts its bytes and ends with its states', () => {
  const save = device(
    '1s dev1 set PRE_COPY\n2s dev1 data read 60\n3s dev1 data read -> -ENOMSG\n4s dev1 data read 40',
  )?.session;
  assert.deepEqual([save?.direction, save?.bytesRead, save?.eos, save?.endedAt], ['save', 100, false, -1]);
  const resume = device('1s dev1 set RESUMING\n2s dev1 data write 60\n3s dev1 set STOP took=0')?.session;
  assert.deepEqual([resume?.direction, resume?.bytesWritten, resume?.endedAt], ['resume', 60, 3e9]);
  assert.equal(device('1s dev1 set PRE_COPY\n2s dev1 reset')?.session?.endedAt, 2e9);
});

test('the saving group is one session, RUNNING in between makes two', () => {
  assert.equal(device('1s dev1 set PRE_COPY\n2s dev1 set STOP_COPY')?.session?.id, 1);
  assert.equal(device('1s dev1 set PRE_COPY\n2s dev1 set RUNNING\n3s dev1 set STOP_COPY')?.session?.id, 2);
});

test('a released data_fd is forgotten', () => {
  assert.equal(world('1s dev1 set PRE_COPY').sessions.size, 1);
  assert.equal(world('1s dev1 set PRE_COPY\n2s dev1 data release').sessions.size, 0);
});

test('a container adds what is mapped and takes off what is unmapped', () => {
  const maps = '1s container1 map 0x1000 0x3000\n2s container1 map 0x8000 0x1000';
  assert.equal(container(maps)?.mappedBytes, 0x4000);
  assert.equal(container(`${maps}\n3s container1 unmap 0x1000 0x3000`)?.mappedBytes, 0x1000);
  const failing = `${maps}\n3s container1 map 0xa000 0x1000 -> -EFAULT\n4s container1 unmap 0x1000 0x3000 -> -EINVAL`;
  assert.deepEqual(
    [container(failing)?.mappedBytes, container(failing)?.maps, container(failing)?.unmaps],
    [0x4000, 3, 1],
  );
  assert.equal(container(`${maps}\n3s container1 unmap 0x0 0x10000`)?.mappedBytes, 0);
});

test('a container is gone with its last group', () => {
  assert.equal(container('1s container1 leave 1'), undefined);
  assert.equal(container('1s container1 leave 1 -> -EINVAL')?.id, 1);
  assert.equal(device('1s container1 leave 1')?.container, 0);
  assert.equal(device('1s container1 leave 1\n2s container4 join 1')?.container, 4);
});

test('counts of what is done to a device', () => {
  const counts = device(`
    1s dev1 set STOP
    2s dev1 region read bar2+0 4
    3s dev1 region write config+4 2
    4s dev1 irqs MSIX
    5s dev1 reset
    6s dev1 reset hot -> -EIO
    7s dev1 log start
    8s dev1 log report`)?.counts;
  assert.deepEqual(
    [counts?.regionReads, counts?.regionWrites, counts?.setIrqs, counts?.resets, counts?.dirtyReports],
    [
      new Map([[2, 1]]),
      new Map([[7, 1]]),
      new Map([[2, 1]]),
      new Map([
        [1, 1],
        [2, 1],
      ]),
      1,
    ],
  );
});

test('context keeps the last 64 records of a device', () => {
  const ticks = Array.from({ length: 70 }, (_, n) => `${n + 1}s dev1 irqs MSIX count=${n}`);
  const context = device(ticks.join('\n'))?.context.toJSON() as { kind: string; count: number }[];
  assert.deepEqual([context.length, context[0]?.count, context.at(-1)?.count], [64, 6, 69]);
});

test('context holds the largest record whole', () => {
  const context = new Context();
  const decoder = new Decoder(new Cursor());
  for (const kind of KINDS) {
    decoder.cursor.reset(encode(kind, SAMPLES[kind]));
    assert.ok(decoder.current());
    context.add(decoder);
  }
  const kinds = (context.toJSON() as { kind: string }[]).map((e) => e.kind);
  assert.deepEqual(kinds, KINDS);
});

test('coverage: complete with every probe (some facts never are), none without, partial in between', () => {
  const levels = (w: ReturnType<typeof world>) =>
    Object.fromEntries(coverage(w.probes, w.devices.values()).map((c) => [c.fact, c.level]));
  const never = ['iommu-fault', 'mdev-interrupts', 'irq-bypass', 'iommufd', 'vcpu-entry'];
  for (const [fact, level] of Object.entries(levels(world('1s tick'))))
    assert.equal(level, never.includes(fact) ? 'partial' : 'complete', fact);
  assert.equal(levels(world('1s probe raw_tp kvm_entry ready'))['vcpu-entry'], 'partial');
  assert.equal(levels(world('1s probe raw_tp kvm_entry waiting'))['vcpu-entry'], 'none');
  assert.equal(levels(world('1s probe fexit iommufd_ioas_unmap unavailable')).iommufd, 'none');
  assert.deepEqual(new Set(Object.values(levels(world('1s tick', false)))), new Set(['none']));
  assert.equal(levels(world('1s probe fexit vfio_df_open unavailable'))['open-close'], 'partial');
  assert.equal(levels(world('1s probe fexit vfio_df_open waiting'))['open-close'], 'complete');
  assert.equal(levels(world('1s dev2 opened mdev nvidia-vgpu'))['data-stream'], 'partial');
});

test('losses: until the second tick after it, a loss may have happened just now', () => {
  const w = (text: string) => world(text).mayHaveLost(0, 5e9);
  assert.equal(w('6s tick'), false);
  assert.equal(w('1s lost bulk 1'), false);
  assert.equal(w('1s lost crit 1'), true);
  assert.equal(w('1s lost crit 1\n2s tick'), true);
  assert.equal(w('1s lost crit 1\n2s tick\n3s tick'), false);
  assert.equal(w('1s lost crit 1\n2s tick\n6s tick\n7s tick'), true);
});

test('a scenario names the line that is wrong', () => {
  const wrong = (line: string) => () => scenario(`${OPENED}\n\n${line}`);
  assert.throws(
    wrong('1s dev1 set RUNING'),
    /scenario line 3: RUNING is none of ERROR STOP.*\n {2}1s dev1 set RUNING/,
  );
  assert.throws(wrong('1s dev9 reset'), /line 3: dev9 has not been opened/);
  assert.throws(wrong('1x dev1 reset'), /line 3: not a time: 1x/);
  assert.throws(wrong('1s dev1 dance'), /line 3: what is dance\?/);
  assert.throws(wrong('1s dev1 region read'), /line 3: words are missing/);
  assert.throws(wrong('1s dev1 } tid=4'), /line 3: no SET_STATE of thread 4/);
  assert.throws(wrong('2s tick\n1s tick'), /line 4: time goes back/);
});
