// SPDX-License-Identifier: Apache-2.0
/** What is recorded is what was drained, byte for byte and in its order; any CTF reader reads the same. */
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { crc32c } from '../../src/trace/crc32c.js';
import { encode } from '../../src/wire/events.gen.js';
import * as timelines from '../rules/timelines.js';
import { scenario } from '../scenario.js';
import { KINDS, SAMPLES } from '../wire/samples.js';
import { babeltrace, sameEvents } from './babeltrace.js';
import { CLOCK_ERROR, folder, read, streams, write } from './recorded.js';

/** One of each kind; then two whose times go back, as a late record's and the agent's own do. */
function everyKind(): Uint8Array[] {
  const out = KINDS.map((kind, n) => encode(kind, { ...SAMPLES[kind], at: 5_000_000_000_000n + BigInt(n) }));
  out.push(encode('vm', { ...SAMPLES.vm, at: 4_000_000_000_000n }));
  out.push(encode('mig_arc', { ...SAMPLES.mig_arc, at: 4_000_000_000_001n }));
  out.push(encode('lost', { at: 6_000_000_000_000n, ring: 1, count: 7 }));
  return out;
}

test('CRC-32C as RFC 3720 has it', () => {
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, n) => n)), 0x46dd794e);
});

test('every kind of record comes back as it was, in its order', async (t) => {
  const dir = folder(t);
  const records = everyKind();
  const { folder: path } = await write(dir, records);
  const { bytes, damages } = await read(path);
  assert.deepEqual(damages, []);
  assert.ok(bytes.equals(Buffer.concat(records)));
});

test('packets as small as they may be change nothing', async (t) => {
  const dir = folder(t);
  const records = scenario(timelines.SOURCE_P2P);
  const { folder: path } = await write(dir, [Buffer.concat(records)], { packetBytes: 512 });
  const { bytes, batches } = await read(path);
  assert.ok(batches.length >= 8, String(batches.length));
  assert.ok(bytes.equals(Buffer.concat(records)));
});

test('only its owner can read a trace', async (t) => {
  const { folder: path } = await write(folder(t), everyKind());
  assert.equal(statSync(path).mode & 0o777, 0o700);
  for (const file of [...streams(path), join(path, 'metadata')])
    assert.equal(statSync(file).mode & 0o777, 0o600, file);
});

test('babeltrace2 reads the same events, in order, with the same values', async (t) => {
  const records = everyKind();
  const { folder: path } = await write(folder(t), records);
  sameEvents(babeltrace(path).lines, Buffer.concat(records));
});

test('babeltrace2 has nothing to complain of in a migration', async (t) => {
  const records = scenario(timelines.SOURCE + timelines.SOURCE_END);
  const { folder: path } = await write(folder(t), records, { packetBytes: 512 });
  const { lines, errors } = babeltrace(path);
  assert.equal(errors, '');
  sameEvents(lines, Buffer.concat(records));
});

test('babeltrace2 tells of as many lost events as the records do', async (t) => {
  const text = '0 tick\n0 tick\n1s lost bulk 3\n2s tick\n3s lost crit 4\n3s lost bulk 5\n4s tick';
  const records = scenario(text, { preamble: false });
  let clock = 0;
  // A packet each: what is lost before the first packet's end is lost nowhere, to babeltrace2.
  const { folder: path } = await write(folder(t), records, { now: () => (clock += 1000) });
  const counts = [...babeltrace(path).errors.matchAll(/discarded (\d+) events/g)].map(([, n]) => Number(n));
  assert.deepEqual(counts, [3, 4, 5]);
});

test('the metadata says where and with what it was made', async (t) => {
  const { folder: path } = await write(folder(t), everyKind());
  const text = readFileSync(join(path, 'metadata'), 'utf8');
  for (const key of ['host', 'kernel', 'boot_id', 'agent_version', 'wire', 'probes'])
    assert.match(text, new RegExp(`^\\t${key} = ".+";$`, 'm'));
  const { source } = await read(path);
  assert.equal(source.origin.env.probes, 'fexit x');
  assert.equal(source.origin.clockError, CLOCK_ERROR);
  assert.match(text, /^\tprecision = 1500000;$/m);
});
