// SPDX-License-Identifier: Apache-2.0
/** Batches that are cut short or hold what no decoder knows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Judge } from '../../src/judge.js';
import { NO_OBSERVER } from '../../src/model/world.js';
import { DEFAULT_LIMITS } from '../../src/rules/limits.js';
import { Policy } from '../../src/rules/policy.js';
import { wholeRecords } from '../../src/wire/batch.js';
import { Cursor } from '../../src/wire/cursor.js';
import { Decoder, encode, RECORD_SIZES } from '../../src/wire/events.gen.js';
import { KINDS, SAMPLES } from './samples.js';

const RECORDS = KINDS.map((kind) => encode(kind, { ...SAMPLES[kind], at: 7 }));
const ALL = Buffer.concat(RECORDS);

function judge(bytes: Uint8Array): Judge {
  const policy = new Policy({ profile: 'uapi', rules: [], limits: DEFAULT_LIMITS });
  const options = { policy, onViolation: () => {} };
  const judge = new Judge(options, NO_OBSERVER);
  judge.feed(bytes);
  return judge;
}

/** A record with another tag. */
function tagged(tag: number, size = 48): Uint8Array {
  const bytes = new Uint8Array(size);
  new DataView(bytes.buffer).setUint32(8, tag, true);
  return bytes;
}

test('whole records are counted, and all are judged', () => {
  assert.equal(wholeRecords(ALL), ALL.length);
  const judged = judge(ALL);
  assert.deepEqual([judged.events, judged.undecodable], [KINDS.length, 0]);
});

test('a batch may end at any byte: what is whole is judged, the rest is undecodable', () => {
  const ends = RECORDS.map((_, n) => RECORDS.slice(0, n + 1).reduce((sum, r) => sum + r.length, 0));
  for (let length = 0; length < ALL.length; length++) {
    const whole = ends.findLast((end) => end <= length) ?? 0;
    const cut = ALL.subarray(0, length);
    assert.equal(wholeRecords(cut), whole, `cut at ${length}`);
    const { events, undecodable } = judge(cut);
    assert.deepEqual([events, undecodable], [ends.filter((end) => end <= length).length, length - whole]);
  }
});

test('an unknown tag ends the batch: its size is not known, so nothing after it is', () => {
  const [first, second] = [RECORDS[0] ?? ALL, RECORDS[1] ?? ALL];
  for (const tag of [0, RECORD_SIZES.length, 0xffffffff]) {
    const batch = Buffer.concat([first, tagged(tag), second]);
    assert.equal(wholeRecords(batch), first.length, `tag ${tag}`);
    const { events, undecodable } = judge(batch);
    assert.deepEqual([events, undecodable], [1, 48 + second.length]);
  }
});

test('the next batch is read as if nothing had happened', () => {
  const judged = judge(tagged(999));
  judged.feed(ALL);
  assert.deepEqual([judged.events, judged.undecodable], [KINDS.length, 48]);
});

test('a batch that starts inside a buffer is read in its own bounds', () => {
  const inside = Buffer.concat([Buffer.alloc(24, 0xff), ALL, Buffer.alloc(24, 0xff)]).subarray(
    24,
    24 + ALL.length,
  );
  assert.equal(wholeRecords(inside), ALL.length);
  assert.equal(judge(inside).events, KINDS.length);
});

test('the first record of the first batch is the time that others count from', () => {
  const base = 2n ** 53n + 1n;
  const judged = judge(encode('tick', { at: base }));
  judged.feed(encode('tick', { at: base + 3n }));
  assert.deepEqual([judged.world.base, judged.world.now], [base, 3]);
});

test('the decoder answers nothing where there is no whole record', () => {
  const decoder = new Decoder(new Cursor());
  for (const bytes of [new Uint8Array(0), new Uint8Array(11), tagged(4, 20)]) {
    decoder.cursor.reset(bytes);
    assert.equal(decoder.current(), undefined);
  }
});
