// SPDX-License-Identifier: Apache-2.0
/** A trace that is read while it is written; and folders with more in them than anybody would write. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TraceSource } from '../../src/trace/trace_source.js';
import { READING } from '../../src/trace_format.js';
import { scenario } from '../scenario.js';
import { folder, streams, write } from './recorded.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const TICKS = Array.from({ length: 100 }, (_, n) => `${n}s tick`).join('\n');

test('what is appended to a trace comes, in whole packets, also when a write is seen half done', async (t) => {
  const records = scenario(TICKS, { preamble: false });
  const { folder: whole } = await write(folder(t), records, { packetBytes: 512, segmentBytes: 700 });
  const files = streams(whole);
  assert.ok(files.length > 1);
  const growing = join(folder(t), 'growing');
  mkdirSync(growing);
  copyFileSync(join(whole, 'metadata'), join(growing, 'metadata'));
  const bytes = files.map((file) => ({
    name: file.slice(file.lastIndexOf('/')),
    content: readFileSync(file),
  }));
  const steps = bytes.flatMap(({ name, content }) => {
    const middle = content.length >> 1;
    return [content.subarray(0, middle), content.subarray(middle)].map((piece) => ({ name, piece }));
  });
  const tail = () => async () => {
    const step = steps.shift();
    if (step) appendFileSync(join(growing, step.name), step.piece);
    return step !== undefined;
  };
  const source = await TraceSource.open(growing, READING, tail);
  const got: Uint8Array[] = [];
  for (let batch = await source.next(); batch; batch = await source.next()) got.push(Buffer.from(batch));
  assert.deepEqual(source.damages, []);
  assert.ok(Buffer.concat(got).equals(Buffer.concat(records)));
});

test('print --follow ends when nobody writes, and at once when it is told to', async (t) => {
  const { folder: path } = await write(folder(t), scenario(TICKS));
  const args = [MAIN, 'print', path, '--follow'];
  const left = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let lines = 0;
  for await (const _ of createInterface({ input: left.stdout })) lines++;
  assert.ok(lines >= 100);
  assert.equal(left.exitCode ?? (await once(left, 'exit'))[0], 0);
});

test('a folder with a very great number of files is refused, or read, in words', {
  timeout: 300_000,
}, async (t) => {
  const { folder: path } = await write(folder(t), scenario(TICKS));
  for (let n = 0; n < 100_000; n++) writeFileSync(join(path, `x${n}`), '');
  const source = await TraceSource.open(path, READING);
  await assert.rejects(source.next(), /more than 100000 files: not one trace/);
  const above = join(path, '..');
  for (let n = 0; n < 1_000; n++) mkdirSync(join(above, `y${n}`));
  await assert.doesNotReject(TraceSource.open(above, READING));
});
