// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { METRIC_LIST } from '../../src/export/metric_table.js';
import { State } from '../../src/model/fsm.js';
import { ProbeStatusValue } from '../../src/wire/events.gen.js';
import { exposition, Host, scrape, T0, violation } from './fixture.js';

const VF = '0000:3b:00.2';

test('before anything happened, counters of rules and migrations are there at zero', async () => {
  const lines = await scrape(new Host().metrics);
  assert.equal(lines.get('migwatch_violations_total{rule="rule-a",severity="info"}'), 0);
  assert.equal(lines.get('migwatch_violations_total{rule="rule-a",severity="critical"}'), 0);
  assert.equal(lines.get('migwatch_violations_total{rule="rule-b",severity="warning"}'), 0);
  assert.equal(lines.has('migwatch_violations_total{rule="rule-b",severity="critical"}'), false);
  for (const side of ['source', 'destination'])
    for (const result of ['completed', 'failed', 'cancelled'])
      assert.equal(lines.get(`migwatch_migrations_total{side="${side}",result="${result}"}`), 0);
  for (const window of ['resuming', 'stop', 'p2p', 'after-running'])
    assert.equal(lines.get(`migwatch_destination_set_irqs_total{window="${window}"}`), 0);
  assert.equal(lines.get('migwatch_verdicts_total{rule="rule-b",verdict="unknown"}'), 0);
  assert.equal(lines.get('migwatch_state_seconds_bucket{state="ERROR",le="+Inf"}'), 0);
  assert.equal(lines.get('migwatch_kernel_records_lost_total{ring="bulk"}'), 3);
  assert.equal(lines.get(`migwatch_build_info{version="1.2.3",nodeversion="${process.version}"}`), 1);
  assert.equal(lines.get('migwatch_coverage{fact="arcs",level="none"}'), 1);
  assert.equal(lines.get('migwatch_coverage{fact="arcs",level="complete"}'), 0);
  assert.ok([...lines.keys()].some((name) => name.startsWith('process_cpu_seconds_total')));
  assert.equal(lines.has('nodejs_external_memory_bytes'), false);
});

test('a device brings its series; its violations start at zero', async () => {
  const host = new Host();
  host.feed('vm', { tgid: 100, name: 'web "1"' });
  host.open(1, VF);
  const lines = await scrape(host.metrics);
  const info = `device="${VF}",driver="mlx5_vfio_pci",bus="pci",iommu_group="12",vm="web \\"1\\"",migration="stop-copy,p2p,pre-copy"`;
  assert.equal(lines.get(`migwatch_device_info{${info}}`), 1);
  for (const severity of ['info', 'warning', 'critical'])
    assert.equal(lines.get(`migwatch_device_violations_total{device="${VF}",severity="${severity}"}`), 0);
  assert.equal(lines.get(`migwatch_device_state{device="${VF}",state="RUNNING"}`), 1);
  assert.equal(lines.get(`migwatch_device_state{device="${VF}",state="ERROR"}`), 0);
});

test('when a destination arranges its interrupts is counted', async () => {
  const host = new Host();
  host.open(1, VF);
  const gen = host.set(1, 2, State.RUNNING, State.RESUMING);
  host.feed('set_irqs', { dev: 1, gen, index: 2, count: 1, flags: 0x24 });
  const lines = await scrape(host.metrics);
  assert.equal(lines.get('migwatch_destination_set_irqs_total{window="resuming"}'), 1);
});

test('what the device did is counted', async () => {
  const host = new Host();
  host.open(1, VF);
  host.feed('dma_map', { container: 5, size: 4096n, iova: 0n });
  host.feed('dma_map', { container: 5, size: 4096n, iova: 4096n });
  host.feed('dma_unmap', { container: 5, size: 4096n, iova: 0n });
  host.feed('set_irqs', { dev: 1, index: 1, count: 1 });
  host.feed('set_irqs', { dev: 1, index: 4_000_000_000 });
  host.feed('region_read', { dev: 1, pos: 7n << 40n, count: 4, ret: 4 });
  host.feed('region_write', { dev: 1, pos: 0, count: 4, ret: 4 });
  host.feed('reset', { dev: 1, gen: 2, resetKind: 2 });
  let gen = host.set(1, 3, State.RUNNING, State.PRE_COPY);
  gen = host.set(1, gen, State.PRE_COPY, State.STOP_COPY);
  host.feed('data_read', { dev: 1, session: 3, count: 100, ret: 60 });
  host.feed('data_read', { dev: 1, session: 3, count: 100, ret: 0 });
  host.set(1, gen, State.STOP_COPY, State.STOP);
  const lines = await scrape(host.metrics);
  const of = (name: string, more = '') => lines.get(`migwatch_${name}{device="${VF}"${more}}`);
  assert.equal(of('dma_mapped_bytes'), 4096);
  assert.equal(of('dma_map_operations_total', ',operation="map"'), 2);
  assert.equal(of('dma_map_operations_total', ',operation="unmap"'), 1);
  assert.equal(of('set_irqs_total', ',index="MSI"'), 1);
  assert.equal(of('set_irqs_total', ',index="other"'), 1);
  assert.equal(of('region_accesses_total', ',region="config"'), 1);
  assert.equal(of('region_accesses_total', ',region="0"'), 1);
  assert.equal(of('resets_total', ',kind="hot"'), 1);
  assert.equal(of('resets_total', ',kind="function"'), 0);
  assert.equal(of('migration_data_bytes_total', ',direction="save"'), 60);
  assert.equal(lines.get('migwatch_migrations_total{side="source",result="completed"}'), 1);
  assert.equal(lines.get('migwatch_stopped_seconds_count{side="source"}'), 1);
  const arc = 'driver="mlx5_vfio_pci",from="PRE_COPY",to="STOP_COPY"';
  assert.equal(lines.get(`migwatch_arcs_total{${arc},result="ok"}`), 1);
  assert.equal(lines.get(`migwatch_arcs_total{${arc},result="failed"}`), 0);
  // Records are 1 ms apart, and so is an arc from the return.
  assert.equal(lines.get(`migwatch_transition_seconds_sum{${arc}}`), 0.001);
  assert.equal(lines.get(`migwatch_transition_seconds_bucket{${arc},le="0.001"}`), 1);
  assert.equal(lines.get(`migwatch_transition_seconds_bucket{${arc},le="0.0003"}`), 0);
});

test('a device that is opened again continues its counters and has no series twice', async () => {
  const host = new Host();
  host.open(1, VF);
  host.feed('set_irqs', { dev: 1, index: 2 });
  host.feed('dma_map', { container: 5, size: 4096n });
  host.metrics.onViolation(violation());
  host.close(1, 2);
  host.clock += 60_000;
  host.open(2, VF, { driver: 'vfio-pci', flags: 0 });
  host.feed('set_irqs', { dev: 2, index: 2 });
  const lines = await scrape(host.metrics);
  assert.equal(lines.get(`migwatch_set_irqs_total{device="${VF}",index="MSIX"}`), 2);
  assert.equal(lines.get(`migwatch_dma_map_operations_total{device="${VF}",operation="map"}`), 1);
  assert.equal(lines.get(`migwatch_device_violations_total{device="${VF}",severity="critical"}`), 1);
  const infos = [...lines.keys()].filter((series) => series.startsWith('migwatch_device_info'));
  assert.equal(infos.length, 1);
  assert.match(infos[0] ?? '', /driver="vfio-pci".*migration="none"/);
});

test('a device known anew under its id, its close lost, continues too', async () => {
  const host = new Host();
  host.open(1, VF);
  host.feed('set_irqs', { dev: 1, index: 2 });
  host.open(1, VF);
  host.feed('set_irqs', { dev: 1, index: 2 });
  host.open(1, '0000:3b:00.3'); // and then another one under the same id
  const lines = await scrape(host.metrics);
  assert.equal(lines.get(`migwatch_set_irqs_total{device="${VF}",index="MSIX"}`), 2);
  assert.equal(lines.get('migwatch_device_state{device="0000:3b:00.3",state="RUNNING"}'), 1);
});

test('series of a device that is gone stay for two minutes', async () => {
  const host = new Host();
  host.open(1, VF);
  host.feed('set_irqs', { dev: 1, index: 0 });
  host.close(1, 2);
  const series = `migwatch_set_irqs_total{device="${VF}",index="INTX"}`;
  host.clock += 119_999;
  assert.equal((await scrape(host.metrics)).get(series), 1);
  host.clock += 1;
  const lines = await scrape(host.metrics);
  assert.deepEqual(
    [...lines.keys()].filter((name) => name.includes(VF)),
    [],
  );
});

test('a violation is counted and dated, for a day', async () => {
  const host = new Host();
  host.open(1, VF);
  host.tallies.set('rule-a', { kept: 5, broken: 2, unknown: 1 });
  host.metrics.onViolation(violation());
  host.metrics.onViolation(violation({ rule: 'rule-b', severity: 'warning', wall: '', device: '' }));
  let lines = await scrape(host.metrics);
  const last = `migwatch_last_violation_timestamp_seconds{device="${VF}",rule="rule-a"}`;
  assert.equal(lines.get('migwatch_violations_total{rule="rule-a",severity="critical"}'), 1);
  assert.equal(lines.get(`migwatch_device_violations_total{device="${VF}",severity="critical"}`), 1);
  assert.equal(lines.get(last), T0 / 1000 + 0.123);
  assert.equal(lines.get('migwatch_last_violation_timestamp_seconds{device="",rule="rule-b"}'), T0 / 1000);
  assert.equal(lines.get('migwatch_verdicts_total{rule="rule-a",verdict="kept"}'), 5);
  assert.deepEqual(host.metrics.violationsOf(VF), { info: 0, warning: 0, critical: 1 });
  assert.deepEqual(host.metrics.violationsBySeverity(), { info: 0, warning: 1, critical: 1 });
  host.clock += 86_400_000;
  lines = await scrape(host.metrics);
  assert.equal(lines.has(last), false);
  assert.equal(lines.get('migwatch_violations_total{rule="rule-a",severity="critical"}'), 1);
});

test('probes, sinks and what is ambiguous', async () => {
  const sinks = [{ name: 'violations_file', exported: 7, dropped: 4, errors: 2 }];
  const host = new Host({ sinks });
  host.feed('probe', { name: 'vfio_df_open', probeKind: 'fexit', status: ProbeStatusValue.ATTACHED });
  host.feed('probe', { name: 'mtty_save_read', probeKind: 'fexit', status: ProbeStatusValue.WAITING });
  host.open(1, VF);
  host.feed('mig_set', { dev: 1, gen: 2, requested: State.STOP });
  host.feed('region_read', { dev: 1, pos: 0, count: 4, ret: 4 });
  host.close(1, 3);
  const lines = await scrape(host.metrics);
  assert.equal(lines.get('migwatch_probe_attached{probe="vfio_df_open",kind="fexit"}'), 1);
  assert.equal(lines.get('migwatch_probe_attached{probe="mtty_save_read",kind="fexit"}'), 0);
  assert.equal(lines.get('migwatch_ambiguous_events_total'), 1);
  assert.equal(lines.get('migwatch_exported_total{sink="violations_file"}'), 7);
  assert.equal(lines.get('migwatch_export_queue_dropped_total{sink="violations_file"}'), 4);
  assert.equal(lines.get('migwatch_export_errors_total{sink="violations_file"}'), 2);
});

test('every metric of the table is there, with its labels and no other', async () => {
  const host = new Host({ sinks: [{ name: 'x', exported: 0, dropped: 0, errors: 0 }] });
  host.feed('probe', { name: 'p', probeKind: 'fexit', status: 1 });
  host.open(1, VF);
  host.feed('set_irqs', { dev: 1, index: 0 });
  host.feed('region_read', { dev: 1, pos: 0, ret: 4 });
  host.feed('fault', { dev: 1, pos: 0, ret: 0x100 });
  host.open(2, '0000:3b:00.3');
  host.feed('p2p_map', { container: 5, target: 2, iova: 0x1000, size: 4096 });
  host.set(1, 2, State.RUNNING, State.PRE_COPY);
  host.metrics.onViolation(violation());
  const text = await exposition(host.metrics);
  for (const { name, type, labels, help } of METRIC_LIST) {
    assert.ok(text.includes(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`), name);
    const lines = text.match(new RegExp(`^${name}(_bucket|_sum|_count)?[{ ].*$`, 'gm')) ?? [];
    assert.ok(lines.length > 0, name);
    for (const line of lines) {
      const seen = [...line.matchAll(/(\w+)="/g)].map((m) => m[1]).filter((label) => label !== 'le');
      assert.deepEqual(seen, labels, line);
    }
  }
});
