// SPDX-License-Identifier: Apache-2.0
/** Where results go: a full disk is said in one line, with an exit code that no verdict has; a reader that leaves is no error. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { scenario } from '../scenario.js';
import { folder, write } from '../trace/recorded.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const COMMANDS = [['print'], ['replay'], ['export', '--to=jsonl'], ['export', '--to=perfetto']];

/** Of more events than a pipe or a stream takes at once. */
async function recorded(t: TestContext): Promise<string> {
  const reads = Array.from({ length: 2_000 }, (_, n) => `${n + 2}s dev1 data read 4096`);
  const story = [
    '0 dev1 opened pci mlx5_vfio_pci',
    '1s dev1 set STOP_COPY',
    ...reads,
    '9999s dev1 set RESUMING',
  ];
  return (await write(folder(t), scenario(story.join('\n')))).folder;
}

/** Exactly what went wrong, and nothing of our insides. */
function refused(done: { status: number | null; stderr: string }, what: string, words: string): void {
  assert.equal(done.status, 2, `${words}: ${done.stderr}`);
  assert.match(done.stderr, new RegExp(`^migwatch: ${what}: ENOSPC: no space left on device`), words);
  assert.equal(done.stderr.trimEnd().split('\n').length, 1, done.stderr);
}

test('a full disk', async (t) => {
  const trace = await recorded(t);
  const full = openSync('/dev/full', 'w');
  t.after(() => closeSync(full));
  for (const [command = '', ...options] of [...COMMANDS, ['replay', '--format=junit'], ['rules']]) {
    const args = [MAIN, command, ...(command === 'rules' ? [] : [trace]), ...options];
    const done = spawnSync(process.execPath, args, { stdio: ['ignore', full, 'pipe'], encoding: 'utf8' });
    refused(done, 'stdout', args.slice(1).join(' '));
  }
  for (const args of [['report'], ['export', '--to=jsonl'], ['export', '--to=perfetto']]) {
    const all = [MAIN, args[0] ?? '', trace, ...args.slice(1), '--output=/dev/full'];
    refused(spawnSync(process.execPath, all, { encoding: 'utf8' }), '--output=/dev/full', all.join(' '));
  }
});

test('a reader that has seen enough', async (t) => {
  const trace = await recorded(t);
  for (const [command = '', ...options] of COMMANDS) {
    const child = spawn(process.execPath, [MAIN, command, trace, ...options], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    child.stdout.once('data', () => child.stdout.destroy());
    const [status] = await once(child, 'close');
    // A replay is asked for its exit code: it goes on to the end.
    if (command === 'replay') assert.equal(status, 1, said);
    else assert.deepEqual([status, said], [0, ''], `${command} ${options}`);
  }
});
