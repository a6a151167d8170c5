// SPDX-License-Identifier: Apache-2.0
/** What was found at start: believed as far as it goes, and never taken for an act. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coverage } from '../../src/model/coverage.js';
import { stateName } from '../../src/model/fsm.js';
import { findings, judged, verdicts } from '../run.js';

const FOUND = '0 dev1 found pci mlx5_vfio_pci container=1';
const world = (text: string) => judged(text).judge.world;
const state = (text: string) => {
  const d = world(text).devices.get(1);
  return d && `${stateName(d.state)} by ${d.how}`;
};

test('a state that was read holds until something else is seen', () => {
  assert.equal(state(FOUND), 'unknown by unknown');
  assert.equal(state(`${FOUND}\n0 dev1 known STOP_COPY`), 'STOP_COPY by inventory');
  assert.equal(state(`${FOUND}\n0 dev1 known STOP_COPY\n1s dev1 get STOP_COPY`), 'STOP_COPY by inventory');
  assert.equal(state(`0 dev1 found pci x in=STOP\n0 dev1 known STOP\n1s dev1 set RUNNING`), 'RUNNING by set');
});

test('an assumed state, an ERROR and one that comes too late say nothing', () => {
  assert.equal(state(`${FOUND}\n0 dev1 known RUNNING certainty=3`), 'unknown by unknown');
  assert.equal(state(`${FOUND}\n0 dev1 known ERROR`), 'unknown by unknown');
  assert.equal(state(`${FOUND}\n0 dev1 set STOP\n1s dev1 known RUNNING`), 'STOP by set');
  assert.equal(state(`${FOUND}\n0 dev1 set STOP {\n1s dev1 known RUNNING`), 'unknown by unknown');
  assert.equal(state(`${FOUND}\n0 dev1 reopened\n0 dev1 known STOP late=1`), 'unknown by unknown');
});

const WALK = `${FOUND}
  0 container1 known 0x1000 0x3000 tid=9
  0 container1 known 0x8000 0x1000 tid=9`;
const walked = (text: string) => world(text).containers.get(1);

test('mappings that were found count, and go like others', () => {
  const whole = walked(`${WALK}\n1ms container1 walked 2 tid=9`);
  assert.deepEqual([whole?.mappedBytes, whole?.since], [0x4000, 1e6]);
  const gone = `${WALK}\n1ms container1 walked 2 tid=9\n2s container1 gone 0x1000 0x3000\n2s container1 unmap 0x1000 0x3000`;
  assert.equal(walked(gone)?.mappedBytes, 0x1000);
});

test('a mapping that is made while the walk goes on counts once', () => {
  const text = `${FOUND}\n0 container1 map 0x1000 0x3000\n0 container1 known 0x1000 0x3000\n0 container1 walked 1`;
  assert.equal(walked(text)?.mappedBytes, 0x3000);
});

test('a walk cut short, or a mapping not looked up, is no knowledge of all', () => {
  assert.equal(walked(`${WALK}\n1ms container1 walked 2 complete=0`)?.since, -1);
  assert.equal(
    walked(`${WALK}\n0 container1 p2p dev1 bar0+0 0x8000 0x1000 miss=2\n1ms container1 walked 2`)?.since,
    -1,
  );
  assert.equal(walked(`${WALK}\n1ms container1 walked 2 tracking=1`)?.tracking, true);
});

const PEERS = `
  0 dev1 found pci mlx5_vfio_pci container=1
  0 dev1 known STOP
  0 dev2 found pci mlx5_vfio_pci container=1
  0 dev2 known RUNNING
  0 container1 known 0x10000 0x1000 tid=9
  0 container1 p2p dev1 bar0+0 0x10000 0x1000 tid=9
  0 container1 walked 1 tid=9`;

test('a BAR that was found mapped is no act, but an open window', () => {
  assert.deepEqual(verdicts('p2p-map-target-halted', PEERS), []);
  assert.deepEqual(verdicts('p2p-window-open', `${PEERS}\n2s tick`), ['from-dev2 warning']);
  assert.equal(walked(PEERS)?.p2p.size, 1);
  assert.equal(walked(`${PEERS}\n1s container1 gone 0x10000 0x1000`)?.p2p.size, 0);
});

test('the same mapped by a user is an act', () => {
  const text = `${PEERS}\n1s container1 map 0x20000 0x1000\n1s container1 p2p dev1 bar0+0 0x20000 0x1000`;
  assert.deepEqual(verdicts('p2p-map-target-halted', text), ['mapped-beside-running warning']);
});

const UNSEEN = '0 dev1 opened pci mlx5_vfio_pci\n1s dev1 set STOP_COPY\n1500ms dev1 data-fd unseen';

test('a session whose fd was not watched from its beginning proves nothing', () => {
  assert.deepEqual(verdicts('stop-copy-not-drained', `${UNSEEN}\n2s dev1 set STOP\n9s tick`), ['unknown']);
  assert.deepEqual(verdicts('data-fd-leaked', `${UNSEEN}\n2s dev1 set STOP\n99s tick`), ['unknown']);
  const next = '2s dev1 set RUNNING\n3s dev1 set STOP_COPY';
  assert.deepEqual(verdicts('data-session-superseded', `${UNSEEN}\n${next}`), ['unknown']);
  assert.deepEqual(verdicts('data-session-superseded', `${UNSEEN.replace('unseen', 'observed')}\n${next}`), [
    'superseded info',
  ]);
});

test('a driver whose functions were found is covered from then on', () => {
  const other = '0 dev1 opened pci new-vfio-pci';
  const level = (text: string) =>
    coverage(world(text).probes, world(text).devices.values()).find((c) => c.fact === 'data-stream')?.level;
  assert.equal(level(other), 'none');
  assert.equal(level(`${other}\n0 probe data new_vfio_pci attached`), 'complete');
});

const DETACHED = '9s probe fexit vfio_df_open detached\n9s probe fexit vfio_device_fops_unl_ioctl detached';

test('with the probes let go nothing is known, and nothing is judged', () => {
  const text = `${PEERS}\n${UNSEEN.replaceAll('dev1', 'vm1')}\n${DETACHED}`;
  const w = world(text);
  assert.deepEqual([w.devices.size, w.containers.size, w.sessions.size], [0, 0, 0]);
  assert.equal(coverage(w.probes, []).find((c) => c.fact === 'set-irqs')?.level, 'none');
  const after = findings(`${text}\n99s tick`).slice(findings(text).length);
  assert.deepEqual(after, []);
  assert.ok(findings(text).includes('observability-gap detached info'));
});

test('what the next session shows counts, though the first was not watched', () => {
  const next = '2s dev1 set RUNNING\n3s dev1 set RESUMING\n4s dev1 data write 60\n5s dev1 set RUNNING';
  const found = UNSEEN.replace('mlx5_vfio_pci', 'new-vfio-pci').replace(
    'unseen',
    'unseen\n1500ms probe data new_vfio_pci attached',
  );
  assert.deepEqual(verdicts('resume-without-data', `${found}\n${next}`), ['kept']);
});
