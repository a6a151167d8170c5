// SPDX-License-Identifier: Apache-2.0
/** `migwatch replay SOURCE DESTINATION`, as it is typed. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { scenario } from '../scenario.js';
import { folder, write } from '../trace/recorded.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const UUID = 'uuid=3f0c5c1e-0000-4000-8000-000000000001';
const SOURCE = `
  0       vm web-1 tgid=100 ${UUID}
  0       dev1 opened pci mlx5_vfio_pci tgid=100
  2000ms  dev1 set STOP_COPY
  2050ms  dev1 data read 65536
  2060ms  dev1 data read 0
  2070ms  dev1 set STOP
  2080ms  dev1 data release
  3000ms  tick`;
const DESTINATION = `
  0       vm web-1 tgid=200 ${UUID}
  0       vf1 opened pci mlx5_vfio_pci tgid=200
  900ms   vf1 set RESUMING
  2070ms  vf1 data write 65536
  2080ms  vf1 set RUNNING
  2090ms  vf1 data release
  3000ms  tick`;

async function recorded(t: TestContext, destination: string): Promise<string[]> {
  const dir = folder(t);
  const sides = { source: SOURCE, destination };
  const traces = Object.entries(sides).map(async ([name, text]) => {
    mkdirSync(join(dir, name));
    return (await write(join(dir, name), scenario(text))).folder;
  });
  return Promise.all(traces);
}

const replay = (...args: string[]) =>
  spawnSync(process.execPath, [MAIN, 'replay', ...args], { encoding: 'utf8' });

test('both sides are joined, and what was cut between them is found', async (t) => {
  const traces = await recorded(t, DESTINATION);
  const whole = replay(...traces);
  assert.equal(whole.status, 0, whole.stdout + whole.stderr);
  assert.match(whole.stdout, /dev1 saved 65536 bytes, vf1 loaded 65536 bytes/);
  assert.match(whole.stderr, /^1 migrations joined, 0 halves without their other$/m);
  const cut = await recorded(t, DESTINATION.replace('65536', '60000'));
  const { status, stdout, stderr } = replay(...cut, '--format=jsonl');
  assert.equal(status, 1, stderr);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const migration = lines.find((line) => line.kind === 'migration');
  assert.equal(migration.devices[0].source.bytes, 65536);
  assert.equal(migration.devices[0].destination.bytes, 60000);
  assert.deepEqual(migration.clocks, { shared: true, error_ns: 0 });
  const found = lines.find((line) => line.rule === 'stream-truncated');
  assert.deepEqual(found.evidence, { saved: 65536, loaded: 60000, missing: 5536 });
  assert.ok(
    lines.every((line) => line.kind || line.host),
    'each finding says of which host it is',
  );
  assert.equal(replay(...cut, '--rules=resume-without-data').status, 0);
  const off = join(folder(t), 'off.yaml');
  writeFileSync(off, 'rules: { stream-truncated: off }\n');
  const { status: milder, stdout: rest } = replay(...cut, `--config.file=${off}`);
  assert.equal(milder, 0, rest);
});

test('a trace that is named twice is refused', async (t) => {
  const [trace = ''] = await recorded(t, DESTINATION);
  const { status, stderr } = replay(trace, trace);
  assert.equal(status, 2);
  assert.match(stderr, /this trace is named twice/);
});
