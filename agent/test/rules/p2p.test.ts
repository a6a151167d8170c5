// SPDX-License-Identifier: Apache-2.0
/** BARs mapped for another device's DMA: the mapping, and the window that it opens. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Routing } from '../../src/rules/routing.js';
import { findings, judged, type Options, verdicts } from '../run.js';
import { DESTINATION_P2P, SOURCE_P2P } from './timelines.js';

const window = (text: string, options?: Options) => verdicts('p2p-window-open', text, options);
const target = (text: string, options?: Options) => verdicts('p2p-map-target-halted', text, options);
const broken = (text: string) => window(text).filter((verdict) => verdict.includes(' '));

/** A container from its beginning, two devices in it, each with the other's BAR mapped. */
const JOINED = `
  0 container1 join 1
  0 container1 join 2
  0 dev1 opened pci mlx5_vfio_pci container=1 group=1
  0 dev2 opened pci mlx5_vfio_pci container=1 group=2`;
const MAPPED = `${JOINED}
  1ms container1 map 0x10000 0x1000
  1ms container1 p2p dev1 bar0+0 0x10000 0x1000
  1ms container1 map 0x20000 0x1000
  1ms container1 p2p dev2 bar0+0 0x20000 0x1000`;

test('what no P2P is routed between is for the operator to say: a driver, or a pair of devices', () => {
  const under = (...entries: string[]) => {
    const limits = { routing: new Routing(entries) };
    const text = `${MAPPED}\n1s dev1 set STOP_COPY\n2s tick\n5s tick`;
    return findings(text, { limits }).filter((f) => f.startsWith('p2p-'));
  };
  const open = ['p2p-window-open from-dev2 critical'];
  assert.deepEqual(under(), open);
  for (const entry of ['mlx5-vfio-pci', 'dev1 dev2', 'dev2 dev1']) assert.deepEqual(under(entry), [], entry);
  for (const entry of ['hisi_acc_vfio_pci', 'dev1 dev3', 'dev1']) assert.deepEqual(under(entry), open, entry);
});

test('window: QEMU with two devices keeps it shut, on both sides', () => {
  for (const text of [SOURCE_P2P, DESTINATION_P2P]) {
    assert.deepEqual(broken(text), []);
    assert.ok(!window(text).includes('unknown'), 'nothing was unknown');
  }
  assert.ok(window(SOURCE_P2P).includes('kept'));
});

test('window: one pass over the devices is found, though no tick saw it', () => {
  const text = `${MAPPED}
    1s      dev1 set STOP_COPY took=1ms
    1010ms  dev2 set STOP_COPY took=1ms
    2s      tick`;
  assert.deepEqual(window(text), ['from-dev2 critical', 'kept', 'kept']);
  const [v] = judged(text).violations.filter((f) => f.rule === 'p2p-window-open');
  assert.deepEqual(
    [v?.device, v?.state, v?.evidence.from, v?.evidence.from_state],
    ['dev1', 'STOP_COPY', 'dev2', 'RUNNING'],
  );
  assert.deepEqual([v?.evidence.open_ns, v?.evidence.iova, v?.evidence.bar], [9e6, '0x10000', 0]);
});

test('window: started in one pass, the peer of a device that is still halted', () => {
  const text = `${MAPPED}
    1s      dev1 set RUNNING_P2P
    1010ms  dev2 set RUNNING_P2P
    1100ms  dev1 set RESUMING
    1200ms  dev2 set RESUMING
    2s      dev1 set RUNNING took=1ms
    2010ms  dev2 set RUNNING took=1ms`;
  assert.deepEqual(broken(text), ['from-dev1 critical']);
});

test('window: up to a millisecond is none, but is not kept either', () => {
  const text = (us: number) => `${MAPPED}
    1s                  dev1 set STOP_COPY took=0
    ${1_000_000 + us}us dev2 set STOP_COPY took=0`;
  assert.deepEqual(window(text(999)), []);
  assert.deepEqual(window(text(1000)), ['from-dev2 critical']);
  assert.deepEqual(window(`${MAPPED}\n1s dev1 set STOP_COPY took=0\n1000100us tick`), []);
});

test('window: judged once, at the first tick', () => {
  const text = `${MAPPED}\n1s dev1 set STOP_COPY\n2s tick\n3s tick\n4s tick`;
  assert.deepEqual(window(text), ['from-dev2 critical']);
  assert.deepEqual(window(text, { profile: 'seed-strict' }), ['from-dev2 critical']);
});

test('window: in a pause without migration a warning', () => {
  assert.deepEqual(window(`${MAPPED}\n1s dev1 set STOP\n2s tick`), ['from-dev2 warning']);
});

test('window: a device that cannot migrate never is quiet', () => {
  const text = `${MAPPED}
    1s dev2 set RUNNING_P2P
    2s dev1 set STOP
    3s dev2 set STOP
    4s gpu1 opened pci vfio-pci flags=none container=1 group=3
    5s tick`;
  assert.deepEqual(window(text), ['from-gpu1 warning', 'from-gpu1 warning']);
});

test('window: the ways to keep it shut', () => {
  const shut = (how: string) => window(`${MAPPED}\n1s ${how}\n2s dev1 set STOP_COPY\n3s tick\n3s tick`);
  assert.deepEqual(shut('dev2 set RUNNING_P2P'), ['kept', 'kept']);
  assert.deepEqual(shut('dev2 set STOP'), ['from-dev1 warning', 'kept', 'kept', 'kept', 'kept']);
  assert.deepEqual(shut('container1 gone 0x10000 0x1000'), []);
  assert.deepEqual(shut('container1 unmap 0x10000 0x1000'), []);
  assert.deepEqual(shut('dev2 closed'), ['kept', 'kept']);
});

test('window: the peer of another container cannot reach it, nor the device itself, nor hisi_acc', () => {
  const apart = MAPPED.replace('container1 join 2', 'container2 join 2').replace(
    'dev2 opened pci mlx5_vfio_pci container=1',
    'dev2 opened pci mlx5_vfio_pci container=2',
  );
  assert.deepEqual(window(`${apart}\n1s dev1 set STOP_COPY\n2s tick`), ['kept']);
  const hisi = MAPPED.replaceAll('mlx5_vfio_pci', 'hisi-acc-vfio-pci');
  assert.deepEqual(window(`${hisi}\n1s dev1 set STOP_COPY\n2s tick`), ['kept']);
});

test('window: what is not known is not kept', () => {
  const peer = MAPPED.replace('dev2 opened', 'dev2 found');
  assert.deepEqual(window(`${peer}\n1s dev1 set STOP_COPY\n2s tick`), ['unknown', 'unknown']);
  const halted = MAPPED.replace('dev1 opened', 'dev1 found');
  assert.deepEqual(window(`${halted}\n1s tick`), ['unknown']);
  const moving = `${MAPPED}\n1s dev2 set RUNNING_P2P\n2s dev1 set STOP_COPY\n3s dev2 set RUNNING {\n4s tick\n5s dev2 }`;
  assert.deepEqual(window(moving), ['unknown']);
});

test('window: a container older than the agent may hold mappings that nobody saw', () => {
  const old = JOINED.replace(/\n {2}0 container.*/g, '');
  assert.deepEqual(window(`${old}\n1s dev1 set STOP_COPY\n2s tick`), ['unknown']);
  const quiet = `${old}\n1s dev2 set RUNNING_P2P\n2s dev1 set STOP_COPY\n3s tick`;
  assert.deepEqual(window(quiet), [], 'nobody could use them');
  assert.deepEqual(window(`${JOINED}\n1s dev1 set STOP_COPY\n2s tick`), [], 'none was made');
});

test('window: a mapping that could not be looked up may be of any BAR', () => {
  const busy = `${JOINED}\n1ms container1 map 0x10000 0x1000\n1ms container1 p2p dev1 bar0+0 0x10000 0x1000 miss=2`;
  assert.deepEqual(window(`${busy}\n1s dev1 set STOP_COPY\n2s tick`), ['unknown']);
  assert.deepEqual(window(`${busy}\n1s dev2 set RUNNING_P2P\n2s dev1 set STOP_COPY\n3s tick`), []);
  assert.equal(judged(busy).judge.world.containers.get(1)?.p2p.size, 0);
});

test('window: after a loss a mapping, or a state, may be past', () => {
  assert.deepEqual(window(`${MAPPED}\n1s dev1 set STOP_COPY\n2s lost crit 1\n3s tick`), ['unknown']);
  assert.deepEqual(window(`${JOINED}\n1s lost crit 1\n2s dev1 set STOP_COPY\n3s tick`), ['unknown']);
  assert.deepEqual(window(`${MAPPED}\n1s dev1 set STOP_COPY\n2s lost bulk 1\n3s tick`), [
    'from-dev2 critical',
  ]);
});

test('window: without the probes nothing is kept', () => {
  const blind = `${MAPPED}\n1s dev2 set STOP\n2s dev1 set STOP\n9s tick`;
  assert.ok(!window(blind, { preamble: false }).includes('kept'));
});

test('target: a BAR is mapped while its device runs, is halted, is halted beside one that runs', () => {
  const map = (states: string) => `${JOINED}\n${states}
    10s container1 map 0x10000 0x1000
    10s container1 p2p dev1 bar2+0 0x10000 0x1000`;
  assert.deepEqual(target(map('')), ['kept']);
  assert.deepEqual(target(map('1s dev1 set RUNNING_P2P')), ['kept']);
  const both = map('1s dev1 set RESUMING\n2s dev2 set RESUMING');
  assert.deepEqual(target(both), ['mapped info']);
  assert.deepEqual(target(both, { profile: 'seed-strict' }), ['mapped info']);
  const beside = map('1s dev1 set STOP');
  assert.deepEqual(target(beside), ['mapped-beside-running warning']);
  const v = judged(beside).violations.at(-1);
  assert.deepEqual([v?.device, v?.advisory, v?.evidence.running_peers], ['dev1', true, ['dev2']]);
  assert.deepEqual([v?.evidence.bar, v?.evidence.iova, v?.evidence.size], [2, '0x10000', 0x1000]);
});

test('target: a mapping that could not be looked up has none', () => {
  const text = `${JOINED}\n1s dev1 set STOP\n2s container1 p2p dev1 bar0+0 0x10000 0x1000 miss=2`;
  assert.deepEqual(target(text), ['unknown']);
});

test('target: unknown, in a transition, closed', () => {
  const map = '10s container1 p2p dev1 bar0+0 0x10000 0x1000';
  assert.deepEqual(target(`${JOINED.replace('dev1 opened', 'dev1 found')}\n${map}`), ['unknown']);
  assert.deepEqual(target(`${JOINED}\n9s dev1 set STOP {\n${map}\n11s dev1 }`), ['unknown']);
  assert.deepEqual(target(`${JOINED}\n9s dev1 closed\n${map}`), ['unknown']);
  assert.deepEqual(target(`${JOINED}\n1s dev1 set STOP\n9s lost crit 2\n${map}`), ['unknown']);
});

const severities = (text: string, options: Options = {}) =>
  new Set(findings(text, options).map((line) => line.split(' ').at(-1)));

test('a stock QEMU pair with BARs: nothing above info; seed-strict has its say', () => {
  assert.deepEqual(severities(DESTINATION_P2P), new Set(['info']));
  assert.ok(!severities(SOURCE_P2P).has('warning') && !severities(SOURCE_P2P).has('critical'));
  assert.ok(severities(DESTINATION_P2P, { profile: 'seed-strict' }).has('warning'));
  assert.ok(findings(DESTINATION_P2P).includes('p2p-map-target-halted mapped info'));
});
