// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { constants } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, rename, rm, stat, symlink, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Recent } from '../../src/export/recent.js';
import { violationJson } from '../../src/export/violation_json.js';
import { ViolationsFile } from '../../src/export/violations_file.js';
import { found, violation } from './fixture.js';

let dir = '';
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'migwatch-'));
});
after(() => rm(dir, { recursive: true }));

/** A file with a clock and a log that can be looked at. */
function make(path: string, queue?: number, maxBytes?: number) {
  const clock = { ms: 0 };
  const logged: string[] = [];
  const file = new ViolationsFile(path, {
    now: () => clock.ms,
    log: (level, msg) => logged.push(`${level} ${msg}`),
    ...(queue && { queue }),
    ...(maxBytes && { maxBytes }),
  });
  return { file, clock, logged };
}

test('appends lines in order, to a file of its owner only', async () => {
  const path = join(dir, 'order');
  const { file } = make(path);
  await file.open();
  for (const line of ['1', '2', '3']) file.append(line);
  await file.close();
  assert.equal(await readFile(path, 'utf8'), '1\n2\n3\n');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  const again = make(path).file;
  await again.open();
  again.append('4');
  await again.close();
  assert.equal(await readFile(path, 'utf8'), '1\n2\n3\n4\n');
});

test('follows logrotate: renamed or removed, within a second', async () => {
  const path = join(dir, 'rotated');
  const { file, clock } = make(path);
  await file.open();
  file.append('1');
  await file.flush();
  await rename(path, `${path}.1`);
  clock.ms += 999;
  file.append('2');
  await file.flush();
  clock.ms += 1;
  file.append('3');
  await file.flush();
  assert.equal(await readFile(`${path}.1`, 'utf8'), '1\n2\n');
  assert.equal(await readFile(path, 'utf8'), '3\n');
  await unlink(path);
  clock.ms += 1000;
  file.append('4');
  await file.close();
  assert.equal(await readFile(path, 'utf8'), '4\n');
  assert.equal(file.errors, 0);
});

test('a file that would grow too long becomes the one before, of which there is one', async () => {
  const path = join(dir, 'long');
  const { file } = make(path, undefined, 8);
  await file.open();
  for (const line of ['111', '222', '333', '444', 'longer than that', '5']) file.append(line);
  await file.close();
  assert.equal(await readFile(`${path}.1`, 'utf8'), 'longer than that\n');
  assert.equal(await readFile(path, 'utf8'), '5\n');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual([file.exported, file.errors], [6, 0]);
  // What it was when the agent started counts.
  const again = make(path, undefined, 8).file;
  await again.open();
  for (const line of ['66', '777']) again.append(line);
  await again.close();
  assert.deepEqual([await readFile(`${path}.1`, 'utf8'), await readFile(path, 'utf8')], ['5\n66\n', '777\n']);
});

test('what is no regular file is never renamed', async () => {
  const path = join(dir, 'null');
  await symlink('/dev/null', path);
  const { file } = make(path, undefined, 8);
  await file.open();
  for (let n = 0; n < 10; n++) file.append('12345');
  await file.close();
  assert.equal(file.exported, 10);
  await assert.rejects(stat(`${path}.1`));
});

test('a folder in which nothing can be renamed lets the file grow', async () => {
  const path = join(dir, 'stuck');
  const { file, logged } = make(path, undefined, 8);
  await mkdir(`${path}.1`); // a folder is in the place of the old file
  await file.open();
  for (const line of ['111', '222', '333']) file.append(line);
  await file.close();
  assert.equal(await readFile(path, 'utf8'), '111\n222\n333\n');
  assert.deepEqual([file.exported, file.errors, logged.length], [3, 0, 1]);
});

test('a full disk is counted and said once, until it works again', async () => {
  const path = join(dir, 'full');
  await symlink('/dev/full', path);
  const { file, clock, logged } = make(path);
  await file.open();
  file.append('1');
  file.append('2');
  await file.flush();
  assert.equal(file.errors, 2);
  assert.deepEqual(logged, ['error violations file cannot be written; watching goes on']);
  await unlink(path);
  clock.ms += 1000;
  file.append('3');
  await file.close();
  assert.equal(file.errors, 2);
  assert.equal(await readFile(path, 'utf8'), '3\n');
  assert.deepEqual(logged.slice(1), ['info violations file is written again']);
});

test('after a line that was written in part, the next one starts on a line of its own', async () => {
  // A FIFO takes 64 KiB and then no more, as a disk that fills up in the middle of a line.
  const path = join(dir, 'fifo');
  execFileSync('mkfifo', [path]);
  const reader = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const { file } = make(path);
  await file.open();
  file.append('x'.repeat(100_000));
  await file.flush();
  assert.equal(file.errors, 1);
  const { bytesRead } = await reader.read(Buffer.alloc(100_000));
  assert.equal(bytesRead, 65_536);
  file.append('2');
  file.append('3');
  await file.close();
  const { buffer, bytesRead: rest } = await reader.read(Buffer.alloc(100));
  assert.equal(buffer.toString('utf8', 0, rest), '\n2\n3\n');
  await reader.close();
});

test('a folder that vanished is an error per line, not a crash', async () => {
  const path = join(dir, 'gone', 'file');
  const { file, clock } = make(path);
  await assert.rejects(file.open(), /--violations\.file=.*cannot be opened.*ENOENT/);
  clock.ms += 1000;
  file.append('1');
  await file.close();
  assert.equal(file.errors, 1);
});

test('a queue that is full drops and counts', async () => {
  const path = join(dir, 'queue');
  const { file } = make(path, 2);
  await file.open();
  for (const line of ['1', '2', '3', '4']) file.append(line);
  await file.close();
  file.append('5'); // too late
  assert.equal(file.dropped, 3);
  assert.equal(await readFile(path, 'utf8'), '1\n2\n');
});

test('the line of a violation is one line, whatever is in it', () => {
  const v = violation({ statement: 'a\nb', evidence: { small: 5n, big: 2n ** 60n } });
  const line = violationJson(v);
  assert.equal(line.includes('\n'), false);
  assert.deepEqual(JSON.parse(line).evidence, { small: 5, big: '0x1000000000000000' });
});

test('the recent ones are kept newest first, up to a bound', () => {
  const recent = new Recent(3);
  assert.deepEqual(JSON.parse(recent.toJSONBytes(10, 0n).toString()), []);
  const v = violation();
  for (let n = 1; n <= 5; n++) recent.add(JSON.stringify({ n }), v, found(v));
  const kept = (limit: number) =>
    (JSON.parse(recent.toJSONBytes(limit, 0n).toString()) as { n: number }[]).map(({ n }) => n);
  assert.deepEqual(kept(10), [5, 4, 3]);
  assert.deepEqual(kept(2), [5, 4]);
  assert.equal(recent.made, 5);
});
