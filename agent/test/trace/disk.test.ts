// SPDX-License-Identifier: Apache-2.0
/** Traces keep to their budget; a folder that cannot be written costs events, which are counted, and nothing else. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeRoom } from '../../src/trace/disk.js';
import { metadataText } from '../../src/trace/metadata.js';
import { TraceFiles } from '../../src/trace/trace_files.js';
import { originHere, RECORD_FORMAT } from '../../src/trace_format.js';
import { encode } from '../../src/wire/events.gen.js';
import { TSDL_EVENTS } from '../../src/wire/tsdl.gen.js';
import { judgeBatches } from '../run.js';
import { folder, read, streams, write } from './recorded.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const tick = (n: number) => encode('tick', { at: 5_000_000_000_000n + BigInt(n) * 1_000_000_000n });
const ticks = (count: number) => Array.from({ length: count }, (_, n) => tick(n));

function fake(dir: string, name: string, ...files: string[]): string {
  mkdirSync(join(dir, name));
  for (const file of files) writeFileSync(join(dir, name, file), Buffer.alloc(1000));
  return join(dir, name);
}

test('the oldest segments go first, captures last, and what is not ours stays', (t) => {
  const dir = folder(t);
  const old = fake(dir, 'migwatch-20260101T000000Z-1', 'metadata', 'stream_000001', 'stream_000002');
  const recent = fake(dir, 'migwatch-20260301T000000Z-2', 'metadata', 'stream_000001');
  const capture = fake(dir, 'capture-20260201T000000.000Z-dev-rule', 'metadata', 'stream_000001');
  const other = fake(dir, 'holiday', 'stream_000001');
  const limits = { budgetBytes: 3000, freeBytes: 0 };
  assert.equal(makeRoom(dir, limits, 0, new Set()), true);
  assert.deepEqual(readdirSync(old).sort(), ['metadata', 'stream_000002']);
  assert.equal(makeRoom(dir, limits, 2000, new Set()), true);
  assert.deepEqual([old, recent, capture, other].map(existsSync), [false, false, true, true]);
  assert.equal(makeRoom(dir, limits, 3000, new Set([join(capture, 'stream_000001')])), false, 'one is kept');
  assert.deepEqual([capture, other].map(existsSync), [true, true]);
});

test('a trace that is being written keeps its folder when its only file goes', (t) => {
  const dir = folder(t);
  const path = fake(dir, 'migwatch-20260101T000000Z-1', 'metadata', 'stream_000001');
  assert.equal(
    makeRoom(dir, { budgetBytes: 500, freeBytes: 0 }, 0, new Set([join(path, 'stream_000002')])),
    true,
  );
  assert.deepEqual(readdirSync(path), ['metadata']);
});

test('a disk at its floor takes nothing', (t) => {
  assert.equal(makeRoom(folder(t), { budgetBytes: 1e9, freeBytes: 1e18 }, 1, new Set()), false);
});

test('a long recording keeps to its budget, and what is left can be judged alone', async (t) => {
  const dir = folder(t);
  const options = { packetBytes: 400, segmentBytes: 2000, budgetBytes: 20_000, snapshot: () => tick(0) };
  const { folder: path, writer } = await write(dir, ticks(2000), options);
  assert.equal(writer.dropped, 0);
  const { bytes, damages, source } = await read(path);
  assert.deepEqual(damages, []);
  assert.equal(source.missing, 0);
  const all = streams(path);
  assert.ok(all.length >= 2 && all.length < 12 && !all[0]?.endsWith('000001'), all.join());
  // The preamble of the first segment that is left, and then all that follows it.
  assert.equal(bytes.readBigUInt64LE(0), 5_000_000_000_000n);
  assert.equal(bytes.readBigUInt64LE(bytes.length - 40), 5_000_000_000_000n + 1999n * 1_000_000_000n);
});

test('a folder that goes away is said; what is missing is counted and judged as loss', async (t) => {
  const dir = folder(t);
  let clock = 0;
  let path = '';
  const written = await write(dir, ticks(60), {
    packetBytes: 400,
    segmentBytes: 40,
    snapshot: () => tick(0),
    // A second a call: every batch is a packet, and every retry is soon due.
    now: () => (clock += 1000),
    each: async (n, thread) => {
      await thread.sync();
      path ||= join(dir, readdirSync(dir)[0] ?? '');
      if (n === 20) renameSync(path, `${path}-away`);
      if (n === 40) renameSync(`${path}-away`, path);
    },
  });
  assert.match(written.troubles[0] ?? '', /ENOENT/);
  const { bytes, source, damages } = await read(written.folder);
  assert.ok(written.writer.dropped >= 15 && written.writer.dropped <= 25, String(written.writer.dropped));
  assert.equal(source.missing, written.writer.dropped);
  assert.ok(damages.length <= 1, damages.join());
  const { judge } = judgeBatches([bytes]);
  assert.equal(judge.world.lost[0], written.writer.dropped);
});

test('a trace whose disk was full from the start lacks what came until then', async (t) => {
  const dir = folder(t);
  const limits = { budgetBytes: 1e9, freeBytes: 1e18 };
  const uuid = randomUUID();
  const metadata = metadataText({ ...originHere([], {}), uuid }, TSDL_EVENTS);
  const files = new TraceFiles(
    { dir, limits, format: RECORD_FORMAT, open: () => [] },
    { name: 'late', uuid, metadata },
  );
  files.begin(0);
  assert.throws(() => files.write(Buffer.concat([tick(1), tick(2)]), false, 0), /floor/);
  limits.freeBytes = 0;
  files.begin(0);
  files.write(tick(0), true, 0);
  files.write(tick(3), false, 0);
  files.close();
  const { source, damages } = await read(join(dir, 'late'));
  assert.deepEqual([source.missing, damages], [2, []]);
  const { status, stderr } = spawnSync(process.execPath, [MAIN, 'replay', join(dir, 'late')], {
    encoding: 'utf8',
  });
  assert.match(stderr, /^not assessable: 2 records were lost while recording /m);
  assert.equal(status, 3);
});
