// SPDX-License-Identifier: Apache-2.0
/** Episodes: when they begin, on whose side, how they end, and how a migration came out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as timelines from '../rules/timelines.js';
import { judged } from '../run.js';
import { of } from './recorder.js';

const OPENED = '0 dev1 opened pci mlx5_vfio_pci container=1';

const episode = (text: string) => judged(text).judge.world.devices.get(1)?.episode;
const side = (text: string) => episode(`${OPENED}\n${text}`)?.side;
const results = (text: string) => of('migration', text);
const stopped = (text: string) => of('stopped', text);

test('a source begins with the dirty log or with the saving group', () => {
  assert.equal(side('1s dev1 log start'), 'source');
  assert.equal(side('1s container1 track start'), 'source');
  for (const state of ['PRE_COPY', 'PRE_COPY_P2P', 'STOP_COPY'])
    assert.equal(side(`1s dev1 set ${state}`), 'source', state);
  assert.equal(side('1s dev1 log start -> -EINVAL'), undefined);
});

test('a destination begins with RESUMING, a pause with the halt', () => {
  assert.equal(side('1s dev1 set RESUMING'), 'destination');
  assert.equal(side('1s dev1 set STOP'), 'pause-only');
  assert.equal(side('1s dev1 set RUNNING_P2P'), 'pause-only');
  assert.equal(side('1s dev1 set STOP\n2s dev1 set STOP_COPY'), 'source');
  assert.equal(side('1s dev1 set STOP\n2s dev1 set RESUMING'), 'destination');
});

test('it ends in RUNNING, by reset and by close', () => {
  for (const begin of ['PRE_COPY', 'STOP_COPY', 'RESUMING', 'STOP'])
    for (const end of ['set RUNNING', 'reset'])
      assert.equal(side(`1s dev1 set ${begin}\n2s dev1 ${end}`), undefined, `${begin} ${end}`);
  assert.deepEqual(results(`${OPENED}\n1s dev1 set PRE_COPY\n2s dev1 closed`), ['source failed']);
});

test('it lasts until dirty tracking is off', () => {
  const back = '1s dev1 log start\n2s dev1 set PRE_COPY\n3s dev1 set RUNNING';
  assert.equal(side(back), 'source');
  assert.equal(side(`${back}\n4s dev1 log stop`), undefined);
  assert.equal(side('1s dev1 log start\n2s dev1 set PRE_COPY\n3s dev1 log stop'), 'source');
  const tracked = back.replace('dev1 log', 'container1 track');
  assert.equal(side(tracked), 'source');
  assert.equal(side(`${tracked}\n4s container1 track stop`), undefined);
});

test('a refused request begins nothing', () => {
  assert.equal(side('1s dev1 set 9'), undefined);
  assert.equal(side('1s dev1 set STOP -> -EBUSY after=0'), undefined);
  assert.equal(side('1s dev1 set PRE_COPY\n2s dev1 set STOP_COPY -> -EBUSY after=0'), 'source');
});

test('each episode has an id of its own', () => {
  const once = '1s dev1 set STOP\n2s dev1 set RUNNING';
  assert.equal(episode(`${OPENED}\n${once}\n3s dev1 set STOP`)?.id, 2);
});

test('how a migration came out', () => {
  assert.deepEqual(results(timelines.SOURCE + timelines.SOURCE_END), [
    'source completed',
    'source completed',
  ]);
  assert.deepEqual(results(timelines.DESTINATION + timelines.DESTINATION_END), ['destination completed']);
  assert.deepEqual(results(timelines.MTTY_SOURCE), ['source completed']);
  assert.deepEqual(results(timelines.MTTY_DESTINATION), ['destination completed']);
  assert.deepEqual(results(timelines.CANCEL), ['source cancelled', 'source cancelled']);
  assert.deepEqual(results(timelines.CANCEL_PRE_COPY), ['source cancelled', 'source cancelled']);
  assert.deepEqual(results(timelines.STOP_FAILS), ['source failed']);
  assert.deepEqual(results(timelines.LOAD_FAILS), ['destination failed']);
  assert.deepEqual(results(timelines.INCOMING_FAILS), ['destination failed']);
  assert.deepEqual(results(timelines.PAUSE), []);
});

test('a migration that fails and is rolled back by SET_STATE has failed', () => {
  const text = `${OPENED}\n1s dev1 set PRE_COPY\n2s dev1 set STOP_COPY -> -EIO after=2\n3s dev1 set RUNNING`;
  assert.deepEqual(results(text), ['source failed']);
});

test('a destination without data was cancelled', () => {
  assert.deepEqual(results(`${OPENED}\n1s dev1 set RESUMING\n2s dev1 set RUNNING`), [
    'destination cancelled',
  ]);
});

test('an outcome is told once', () => {
  const completed = `${OPENED}\n1s dev1 set STOP_COPY\n2s dev1 data read 0\n3s dev1 set STOP`;
  assert.deepEqual(results(`${completed}\n4s dev1 closed exit=0`), ['source completed']);
  assert.deepEqual(results(`${completed}\n4s dev1 set RUNNING`), ['source completed']);
  assert.deepEqual(results(`${completed}\n4s dev1 reset`), ['source completed']);
});

test('stopped: from leaving RUNNING to RUNNING again, or to the end of the session of a source', () => {
  const pause = `${OPENED}\n1s dev1 set RUNNING_P2P\n2s dev1 set STOP\n5s dev1 set RUNNING took=100ms`;
  assert.deepEqual(stopped(pause), ['pause-only 4100ms']);
  const source = `${OPENED}\n1s dev1 set PRE_COPY\n2s dev1 set STOP_COPY\n3s dev1 data read 0\n4s dev1 set STOP took=100ms`;
  assert.deepEqual(stopped(source), ['source 2100ms']);
  assert.deepEqual(stopped(`${source}\n9s dev1 closed exit=0`), ['source 2100ms']);
  assert.deepEqual(stopped(`${source}\n9s dev1 set RUNNING`), ['source 2100ms']);
  const rollback = source.replace('data read 0', 'data read 5').replace('set STOP took', 'set RUNNING took');
  assert.deepEqual(stopped(rollback), ['source 2100ms']);
});

test('stopped: two pauses under one dirty log are two', () => {
  const text = `${OPENED}\n1s dev1 log start
    2s dev1 set STOP
    3s dev1 set RUNNING took=1ms
    7s dev1 set STOP
    9s dev1 set RUNNING took=1ms`;
  assert.deepEqual(stopped(text), ['source 1001ms', 'source 2001ms']);
});

test('stopped: what was not seen to stop is not measured', () => {
  const found = '0 dev1 found pci mlx5_vfio_pci in=STOP\n1s dev1 get STOP\n2s dev1 set RUNNING';
  assert.deepEqual(stopped(found), []);
  assert.deepEqual(stopped(`${OPENED}\n1s dev1 set STOP\n2s dev1 skips 2 now=STOP\n3s dev1 set RUNNING`), []);
});
