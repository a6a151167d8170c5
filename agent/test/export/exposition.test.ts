// SPDX-License-Identifier: Apache-2.0
/** Both formats, as Prometheus' own tool reads them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { driverArcs } from '../../src/export/driver_arcs.js';
import { formatFor } from '../../src/export/exposition.js';
import { MIG_P2P, MIG_PRE_COPY, MIG_STOP_COPY, STATE_NAMES } from '../../src/model/fsm.js';
import { path } from '../arcs.js';
import { exposition, Host, scrape, T0, violation } from './fixture.js';

const UNPACKED = 'build/tools/prometheus/usr/bin/promtool';
const PROMTOOL = existsSync(UNPACKED) ? UNPACKED : 'promtool';

function promtool(args: readonly string[], input = ''): string {
  const { status, stdout, stderr, error } = spawnSync(PROMTOOL, args, { input, encoding: 'utf8' });
  if (error) throw new Error(`${PROMTOOL}: ${error.message}; dashboards/setup unpacks it`);
  return status === 0 ? '' : `${stdout}${stderr}`;
}

/** A host of which every metric has something to say. */
function busy(): Host {
  const host = new Host({
    sinks: [{ name: 'trace', dropped: 1, errors: 2 }],
    captures: { made: 1, suppressed: 0 },
  });
  host.feed('probe', { name: 'p', probeKind: 'fexit', status: 1 });
  host.feed('vm', { tgid: 100, name: 'a "name" with \\ and\nlines' });
  host.open(1, '0000:3b:00.2');
  host.feed('region_read', { dev: 1, pos: 0, ret: 4 });
  host.set(1, 2, 2, 6);
  host.metrics.onViolation(violation());
  return host;
}

test('the old format unless the new one is asked for', () => {
  // What Prometheus 2.42 and 3 send, a browser, curl, and versions that are not ours.
  const cases: [string | undefined, string][] = [
    [
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      'openmetrics',
    ],
    [
      'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
      'openmetrics',
    ],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text'],
    ['*/*', 'text'],
    [undefined, 'text'],
    ['application/openmetrics-text;version=2.0.0', 'text'],
    ['application/openmetrics-text;version=1.0.0;q=0.2,text/plain', 'text'],
    ['application/openmetrics-text;q=0', 'text'],
    [';;,,=', 'text'],
  ];
  for (const [accept, format] of cases) assert.equal(formatFor(accept), format, accept);
});

test('promtool finds nothing to say against the text', async () => {
  assert.equal(promtool(['check', 'metrics'], await exposition(busy().metrics)), '');
});

test('promtool reads the OpenMetrics text, exemplars too', async () => {
  const text = await exposition(busy().metrics, 'openmetrics');
  assert.ok(text.endsWith('\n# EOF\n'));
  const dir = mkdtempSync(join(tmpdir(), 'migwatch-'));
  // It imports what has times only; ours has none, as it should not.
  const dated = text.replace(/^([a-z_]+(?:\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})? \S+)/gm, `$1 ${T0 / 1000}`);
  writeFileSync(join(dir, 'om'), dated);
  assert.equal(promtool(['tsdb', 'create-blocks-from', 'openmetrics', join(dir, 'om'), join(dir, 'db')]), '');
  rmSync(dir, { recursive: true });
});

test('a violation points to what shows it: its capture, else its record', async () => {
  const host = new Host();
  const total = async () =>
    (await exposition(host.metrics, 'openmetrics'))
      .split('\n')
      .find((line) => line.startsWith('migwatch_violations_total{rule="rule-a",severity="critical"}'));
  assert.match((await total()) ?? '', /} 0$/);
  host.metrics.onViolation(violation(), 'capture-x');
  assert.match((await total()) ?? '', /} 1 # {capture_id="capture-x"} 1 1767323045.123$/);
  host.metrics.onViolation(violation({ at_ns: '0x1' }));
  assert.match((await total()) ?? '', /} 2 # {device="0000:3b:00.2",at_ns="0x1"} 1 \d+\.\d{3}$/);
  host.metrics.onViolation(violation(), 'c'.repeat(119));
  assert.match((await total()) ?? '', /} 3$/);
  assert.doesNotMatch(await exposition(host.metrics), /# {/);
});

test('a bucket has the same bound in both formats', async () => {
  const host = new Host();
  for (const format of ['text', 'openmetrics'] as const)
    assert.match(
      await exposition(host.metrics, format),
      /^migwatch_stopped_seconds_bucket{side="source",le="1.0"} 0$/m,
    );
});

test('beyond the ceiling devices are left out whole, the latest first, and counted', async () => {
  const host = new Host();
  host.open(1, '0000:3b:00.1');
  const count = async () => {
    const text = await exposition(host.metrics);
    return text.split('\n').filter((line) => line.startsWith('migwatch_')).length;
  };
  const withOne = await count();
  const small = new Host({ maxSeries: withOne });
  for (const [i, name] of ['0000:3b:00.1', '0000:3b:00.2', '0000:3b:00.3'].entries()) small.open(i + 1, name);
  const lines = await scrape(small.metrics);
  const named = (name: string) => [...lines.keys()].filter((series) => series.includes(`device="${name}"`));
  assert.ok(named('0000:3b:00.1').length > 20);
  assert.deepEqual([...named('0000:3b:00.2'), ...named('0000:3b:00.3')], []);
  assert.equal(lines.get('migwatch_series_dropped_total'), 2 * named('0000:3b:00.1').length);
  assert.equal(lines.has('migwatch_kernel_records_lost_total{ring="crit"}'), true);
});

test('a device has fewer than 40 series', async () => {
  const host = busy();
  for (const index of [0, 1, 2, 3, 4]) host.feed('set_irqs', { dev: 1, index });
  const text = await exposition(host.metrics);
  const n = text.split('\n').filter((line) => line.includes('device="0000:3b:00.2"')).length;
  assert.ok(n > 25 && n < 40, String(n));
});

test('the arcs that begin at zero are those that the kernel may ask of a driver', async () => {
  for (const flags of [0, MIG_P2P, MIG_STOP_COPY, 3, 5, 7, MIG_PRE_COPY]) {
    const asked = new Set<string>();
    for (const from of STATE_NAMES.keys())
      for (const to of STATE_NAMES.keys()) {
        const steps = path(from, to, flags);
        if (typeof steps === 'string') continue;
        for (let i = 1; i < steps.length; i++) asked.add(`${steps[i - 1]} ${steps[i]}`);
      }
    assert.deepEqual(new Set(driverArcs(flags).map((arc) => arc.join(' '))), asked, String(flags));
  }
  const host = new Host();
  host.open(1, '0000:3b:00.1');
  const lines = await scrape(host.metrics);
  const arc = 'driver="mlx5_vfio_pci",from="PRE_COPY_P2P",to="STOP_COPY"';
  assert.equal(lines.get(`migwatch_arcs_total{${arc},result="failed"}`), 0);
});

test('dirty reports of a container count for each device in it', async () => {
  const host = new Host();
  host.open(1, '0000:3b:00.1');
  host.open(2, '0000:3b:00.2');
  host.feed('dirty_log', { container: 5, op: 1 });
  host.feed('dirty_log', { container: 5, op: 3, size: 4096 });
  host.feed('dirty_log', { dev: 2, op: 3, size: 4096 });
  const lines = await scrape(host.metrics);
  assert.equal(lines.get('migwatch_dirty_log_reports_total{device="0000:3b:00.1"}'), 1);
  assert.equal(lines.get('migwatch_dirty_log_reports_total{device="0000:3b:00.2"}'), 2);
});
