// SPDX-License-Identifier: Apache-2.0
/** What of a trace is shown, and how: a part of it, in colours, as JUnit XML, with a bar that says how far it is. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Progress } from '../../src/command/progress.js';
import { parseInstant } from '../../src/config/instant.js';
import { paintFor } from '../../src/export/colour.js';
import { scenario } from '../scenario.js';
import { folder, write } from '../trace/recorded.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const STORY = `
  0     dev1 opened pci mlx5_vfio_pci
  1s    dev1 set STOP_COPY
  2s    dev1 region write bar0+0x10 4
  3s    dev1 data read 4096
  4s    dev1 data read 0
  5s    dev1 set STOP
  6s    tick`;

const recorded = async (t: TestContext) => (await write(folder(t), scenario(STORY))).folder;
const run = (...args: string[]) => spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });

test('--from and --until show a part; what is judged is the whole', async (t) => {
  const trace = await recorded(t);
  const shown = run('print', trace, '--from=2', '--until=3.5').stdout.trimEnd().split('\n');
  assert.equal(shown.length, 3, shown.join('\n'));
  assert.match(shown.join('\n'), /region 0 write.*\n.*critical mmio-rw-while-halted.*\n.*data read 4096/);
  const all = run('replay', trace, '--format=jsonl').stdout.trimEnd().split('\n');
  const critical = all.find((line) => line.includes('mmio-rw-while-halted'));
  assert.equal(run('replay', trace, '--format=jsonl', '--from=2', '--until=2').stdout.trimEnd(), critical);
  assert.equal(run('replay', trace, '--until=0').stdout.includes('mmio-rw'), false);
  const { wall } = JSON.parse(critical ?? '{}');
  assert.ok(wall);
});

test('what could not be seen is no "no violation", unless nobody asks for it', async (t) => {
  const blind = '0 probe fexit vfio_mig_get_next_state unavailable\n0 dev1 opened pci mlx5_vfio_pci\n1s tick';
  const trace = (await write(folder(t), scenario(blind))).folder;
  const all = run('replay', trace, '--rules=fsm-transition-failed,irq-while-halted');
  assert.equal(all.status, 3);
  assert.match(all.stderr, /^not assessable: not observed: arcs \(\d+ events, 65 of 66 rules\)$/m);
  const one = run('replay', trace, '--rules=irq-while-halted');
  assert.equal(one.status, 0, one.stderr);
  assert.match(one.stderr, /^no violation observed \(\d+ events, 66 rules\)$/m);
});

test('a module that is not loaded hides nothing', async (t) => {
  const text = '0 probe raw_tp kvm_entry waiting\n0 dev1 opened pci mlx5_vfio_pci\n1s tick';
  const { status, stderr } = run('replay', (await write(folder(t), scenario(text))).folder);
  assert.equal(status, 0, stderr);
});

test('times are seconds, or have their zone; anything else is refused', () => {
  assert.deepEqual(parseInstant('from', '12.5'), { since: 12.5e9 });
  const noon = { wall: 1_793_448_000_000_000_000n };
  assert.deepEqual(parseInstant('from', new Date(1_793_448_000_000).toISOString()), noon);
  for (const wrong of ['noon', '-1', '2026-11-23', '2026-11-23T03:00:00', '2026-13-23T03:00:00Z'])
    assert.throws(() => parseInstant('from', wrong), new RegExp(`--from=${wrong}: expected seconds`));
});

test('colours for a terminal that wants them, and for no other', () => {
  const line = '    1.000000  ! dev1  SET_STATE STOP EIO';
  const start = '\x1b[';
  assert.ok(paintFor(true, {}).event(line).startsWith(start));
  assert.ok(paintFor(true, {}).finding('critical', 'x').startsWith(start));
  for (const paint of [
    paintFor(false, {}),
    paintFor(true, { NO_COLOR: '1' }),
    paintFor(true, { TERM: 'dumb' }),
  ])
    assert.equal(paint.event(line), line);
});

test('a bar on a terminal, nothing elsewhere', () => {
  let now = 0;
  const written: string[] = [];
  const write = (text: string) => written.push(text);
  const bar = new Progress(1000, { isTTY: true, write }, () => now);
  now = 200;
  bar.at(500, 400_000);
  assert.match(written.join(''), /\[#{15}\.{15}\] 50 % {2}2\.0 M events\/s$/);
  bar.at(501, 400_000); // too soon after the last
  bar.clear();
  bar.clear();
  assert.equal(written.length, 2);
  const silent = new Progress(1000, { write }, () => (now += 1000));
  silent.at(500, 1);
  silent.clear();
  assert.equal(written.length, 2);
});

/** Python's parser as the judge: a suite is its attributes, and of each case the elements in it. */
const PARSE = `
import json, sys, xml.etree.ElementTree as tree
root = tree.parse(sys.stdin).getroot()
assert root.tag == "testsuites"
print(json.dumps([dict(root.attrib), [[dict(s.attrib), [[c.attrib["name"], [e.tag for e in c]] for c in s]] for s in root]]))
`;

test('JUnit XML: a suite a trace, a case a rule; counts are those of what is in it', async (t) => {
  const { stdout, status } = run('replay', await recorded(t), '--format=junit');
  assert.equal(status, 1);
  const parsed = spawnSync('python3', ['-c', PARSE], { input: stdout, encoding: 'utf8' });
  const [root, [[suite, cases]]] = JSON.parse(parsed.stdout || '[]');
  const has = (tag: string) => cases.filter(([, tags]: [string, string[]]) => tags.includes(tag)).length;
  for (const counts of [root, suite])
    assert.deepEqual([counts.tests, counts.failures, counts.skipped, counts.errors].map(Number), [
      cases.length,
      has('failure'),
      has('skipped'),
      0,
    ]);
  const named = new Map<string, string[]>(cases);
  assert.deepEqual(named.get('mmio-rw-while-halted'), ['failure']);
  assert.deepEqual(named.get('v1-invalid-state-bits'), ['skipped']);
  assert.deepEqual(named.get('stop-copy-not-drained'), []);
  assert.match(suite.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
});
