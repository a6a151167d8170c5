// SPDX-License-Identifier: Apache-2.0
/** How verdicts become findings, and that the same bytes always give the same ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { broken, KEPT, type Rule, rule } from '../../src/rules/rule.js';
import { findings, judgeBatches, judged, type Options, verdicts } from '../run.js';
import { scenario } from '../scenario.js';
import { CANCEL, DESTINATION, SOURCE, SOURCE_END, STOP_FAILS } from './timelines.js';

const OPENED = '0 dev1 opened pci mlx5_vfio_pci';
const COPYING = `${OPENED}\n1s dev1 set STOP_COPY`;

test('one finding for a rule, device, episode and reason, with its count and last time', () => {
  const text = `${COPYING}
    2s   dev1 region read bar0+0 4
    3s   dev1 region read bar0+8 4
    4s   dev1 region read bar2+0 4`;
  const { judge, violations } = judged(text);
  const [finding] = judge.engine.findings.values();
  assert.deepEqual([violations.length, finding?.count, finding?.lastAt], [1, 3, 4e9]);
  assert.deepEqual([violations[0]?.event.pos, finding?.lastEvent?.pos], ['0x0', '0x20000000000']);
  assert.equal(judge.engine.tallies.get('mmio-rw-while-halted')?.broken, 3);
});

test('another reason, device, episode or life of the device is another finding', () => {
  const count = (more: string) => findings(`${COPYING}\n2s dev1 region read bar0+0 4\n${more}`).length;
  assert.equal(count('3s dev1 region write bar0+0 4'), 2);
  assert.equal(count('3s dev1 region read bar0+0 4 -> -EIO'), 2);
  const again = (name: string) => `4s ${name} set STOP_COPY\n5s ${name} region read bar0+0 4`;
  // The rollback between the two is the other finding.
  assert.equal(count(`3s dev1 set RUNNING\n3500ms dev1 data release\n${again('dev1')}`), 3);
  assert.equal(count(`3s dev2 opened pci mlx5_vfio_pci\n${again('dev2')}`), 2);
});

test('a missed deadline is one violation, not one a tick', () => {
  const text = `${OPENED}\n1s dev1 set STOP_COPY -> -EIO after=2\n3s tick\n4s tick\n5s tick`;
  const { judge } = judged(text);
  assert.equal(judge.engine.tallies.get('fsm-landed-elsewhere')?.broken, 1);
});

/** Two rules on the same event; the second is explained by the first. */
function pair(first: boolean): Rule[] {
  const text = {
    version: 1,
    statement: '',
    says: '',
    where: '',
    norm: 'N1',
    party: 'user',
    severities: ['warning'],
    needs: [],
    decides: '',
    benign: '',
    action: '',
    on: ['reset'],
  } as const;
  const judge = () => broken('why', 'warning');
  return [
    rule({ ...text, id: 'effect', yieldsTo: ['cause'], judge }),
    rule({ ...text, id: 'cause', judge: () => (first ? judge() : KEPT) }),
  ];
}

test('a rule that yields is not reported beside the one that explains it', () => {
  const rules = (first: boolean) =>
    findings(`${OPENED}\n1s dev1 reset`, { rules: pair(first) }).map((f) => f.split(' ')[0]);
  assert.deepEqual(rules(true), ['cause']);
  assert.deepEqual(rules(false), ['effect']);
});

test('kept is unknown where the fact cannot be observed', () => {
  const text = `${OPENED}\n1s dev1 set STOP_COPY\n2s dev1 data read 0\n3s dev1 set STOP`;
  assert.deepEqual(verdicts('stop-copy-not-drained', text), ['kept']);
  assert.deepEqual(verdicts('stop-copy-not-drained', text, { preamble: false }), ['unknown']);
  const blind = `0 probe fexit vfio_device_fops_read unavailable\n0 probe fexit vfio_device_fops_write unavailable\n${OPENED}`;
  const access = '1s dev1 set RUNNING_P2P\n2s dev1 region read bar0+0 4';
  assert.deepEqual(verdicts('mmio-rw-while-halted', `${OPENED}\n${access}`), ['kept']);
  assert.deepEqual(verdicts('mmio-rw-while-halted', `${blind}\n${access}`), ['unknown']);
});

test('a violation says what it rests on', () => {
  const text = `0 vm guest1 tgid=100 uuid=11-22
    0    dev1 opened pci mlx5_vfio_pci
    0    dev2 opened pci mlx5_vfio_pci
    0    cgroup /kubepods/a tgid=100
    1s   dev1 set PRE_COPY
    2s   dev1 set STOP_COPY
    3s   dev1 region write bar0+0x18 4 tid=7`;
  const origin = { host: 'node1', kernel_release: '6.12.95', boot_id: 'b', agent_version: '1.2' };
  const v = judged(text, { origin }).violations.find(({ rule }) => rule === 'mmio-rw-while-halted');
  assert.ok(v);
  assert.deepEqual(
    [v.device, v.driver, v.vm, v.state, v.state_known_by, v.confidence, v.lost, v.norm, v.advisory],
    ['dev1', 'mlx5_vfio_pci', 'guest1', 'STOP_COPY', 'set', 'high', 0, 'N1', false],
  );
  assert.deepEqual([v.at_ns, v.wall], [5_003_000_000_000, '2023-11-14T23:36:43.000000000Z']);
  assert.deepEqual(v.episode, { id: 1, side: 'source', started_ns: 5_001_000_001_000 });
  assert.deepEqual([v.landed_ns, v.in_transition], [5_002_000_002_000, false]);
  assert.deepEqual([v.iommu_group, v.migration_flags, v.migration], [1, '0x7', 'stop-copy,p2p,pre-copy']);
  assert.deepEqual(v.process, { tgid: 100, comm: 'qemu-system-x86', cgroup: '/kubepods/a' });
  assert.deepEqual([v.host, v.kernel_release, v.boot_id, v.agent_version], ['node1', '6.12.95', 'b', '1.2']);
  assert.deepEqual(v.peers, [{ device: 'dev2', state: 'RUNNING', landed_ns: 5_000_000_000_000 }]);
  assert.deepEqual(v.evidence, { region: 0, offset: 0x18, length: 4, since_landed_ns: 999_998_000 });
  assert.equal(v.history.length, 2);
  assert.deepEqual([v.coverage['iommu-fault'], v.coverage['region-access']], ['partial', 'complete']);
});

test('a finding on a device that was not known before names it, and states are spelt out', () => {
  const [late] = judged('0 dev1 found pci mlx5_vfio_pci').violations;
  assert.deepEqual([late?.device, late?.driver, late?.state], ['dev1', 'mlx5_vfio_pci', 'unknown']);
  const [host] = judged('0 lost crit 4').violations;
  assert.deepEqual([host?.device, host?.event.count], ['', 4]);
  const [request] = judged(`${OPENED}\n2s dev1 set ERROR`).violations;
  assert.deepEqual([request?.event.requested, request?.event.ret], ['ERROR', -22]);
});

test('findings are bounded: the oldest is forgotten', () => {
  const probes = Array.from({ length: 10_003 }, (_, n) => `0 probe fexit f${n} unavailable`);
  const { findings: kept } = judged(probes.join('\n')).judge.engine;
  const reasons = [...kept.values()].map((f) => f.violation.reason);
  assert.deepEqual([reasons.length, reasons[0], reasons.at(-1)], [10_000, 'probe-f3', 'probe-f10002']);
});

test('loss in the episode leaves low confidence', () => {
  const confidence = (loss: string) =>
    judged(`${COPYING}\n2s ${loss}\n3s dev1 region read bar0+0 4`).violations.at(-1)?.confidence;
  assert.equal(confidence('tick'), 'high');
  assert.equal(confidence('lost bulk 1'), 'low');
  const before = judged(`0 lost bulk 1\n${COPYING}\n3s dev1 region read bar0+0 4`).violations.at(-1);
  assert.equal(before?.confidence, 'low');
});

const everything = `${SOURCE}${SOURCE_END}`;

test('the same bytes twice give the same violations, byte for byte', () => {
  const strict: Options = { profile: 'seed-strict' };
  for (const text of [everything, DESTINATION, CANCEL, STOP_FAILS]) {
    const twice = [judged(text, strict), judged(text, strict)].map((r) => JSON.stringify(r.violations));
    assert.equal(twice[0], twice[1]);
  }
  assert.notEqual(JSON.stringify(judged(DESTINATION, strict).violations), '[]');
});

test('how the bytes are cut into batches makes no difference', () => {
  for (const text of [DESTINATION, STOP_FAILS]) {
    const records = scenario(text);
    const whole = JSON.stringify(judgeBatches([Buffer.concat(records)]).violations);
    assert.notEqual(whole, '[]');
    assert.equal(JSON.stringify(judgeBatches(records).violations), whole);
    const cuts: Uint8Array[] = [];
    for (let at = 0; at < records.length; at += 3) cuts.push(Buffer.concat(records.slice(at, at + 3)));
    assert.equal(JSON.stringify(judgeBatches(cuts).violations), whole);
    // One buffer that is used again for each batch, as the live source does.
    const buffer = Buffer.alloc(4096);
    const reused = function* () {
      for (const cut of cuts) {
        buffer.fill(0xff);
        buffer.set(cut);
        yield buffer.subarray(0, cut.length);
      }
    };
    assert.equal(JSON.stringify(judgeBatches(reused()).violations), whole);
  }
});
