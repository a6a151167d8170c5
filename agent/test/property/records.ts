// SPDX-License-Identifier: Apache-2.0
/** Records of every kind with anything in them: what a broken or hostile trace may hold. */
import fc from 'fast-check';
import { EvType, RECORD_SIZES } from '../../src/wire/events.gen.js';
import { scenario } from '../scenario.js';
import { FEATURES } from './flags.js';
import { Walk } from './walk.js';

const TAGS = Object.values(EvType);

/** Offsets in struct ev_hdr (probes/wire.h), after `at`. */
const TYPE = 8;
const HEADER = 32;

/**
 * Small numbers mostly, so that devices, states, sessions and errnos meet; any bytes at times.
 * Times go on by steps, jump, or go back.
 */
const words = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -4, max: 9 }) },
  { weight: 1, arbitrary: fc.constantFrom(-19, -42, -512, 0x24, 0x100, 0x7fffffff, -0x80000000) },
  { weight: 1, arbitrary: fc.integer() },
);

const step = fc.oneof(
  { weight: 8, arbitrary: fc.bigInt({ min: 0n, max: 20_000_000n }) },
  { weight: 1, arbitrary: fc.bigInt({ min: -1_000_000n, max: 100_000_000_000n }) },
);

const record = fc.record({
  tag: fc.constantFrom(...TAGS),
  step,
  body: fc.array(words, { minLength: 5, maxLength: 40, size: 'max' }),
});

/** One record: its body's words again and again, as far as its kind is long. */
function bytesOf(tag: number, at: bigint, body: readonly number[]): Uint8Array {
  const size = RECORD_SIZES[tag] ?? HEADER;
  const view = new DataView(new ArrayBuffer(size));
  for (let o = 0; o + 4 <= size; o += 4) view.setInt32(o, body[(o / 4) % body.length] ?? 0, true);
  view.setBigUint64(0, BigInt.asUintN(64, at), true);
  view.setUint32(TYPE, tag, true);
  return new Uint8Array(view.buffer);
}

const noise = fc.array(record, { minLength: 1, maxLength: 80, size: 'max' }).map((all) => {
  let at = 5_000_000_000_000n;
  return all.map(({ tag, step, body }) => {
    at += step;
    return bytesOf(tag, at, body);
  });
});

/** What becomes of one record of a legal walk. */
const fate = fc.oneof(
  { weight: 12, arbitrary: fc.constant({ keep: 1, at: 0, word: 0 }) },
  { weight: 1, arbitrary: fc.constant({ keep: 0, at: 0, word: 0 }) },
  { weight: 1, arbitrary: fc.constant({ keep: 2, at: 0, word: 0 }) },
  {
    weight: 2,
    arbitrary: fc.record({ keep: fc.constant(1), at: fc.integer({ min: 3, max: 20 }), word: words }),
  },
);

/** Records of a legal walk of which some are missing, doubled, or wrong in one word. */
const mangled = fc
  .record({
    flags: fc.integer({ min: 0, max: 8 }),
    count: fc.integer({ min: 1, max: 3 }),
    choices: fc.array(fc.nat(1 << 20), { maxLength: 60, size: 'max' }),
    fates: fc.array(fate, { minLength: 20, maxLength: 100, size: 'max' }),
  })
  .map(({ flags, count, choices, fates }) => {
    const walk = new Walk(FEATURES[flags % FEATURES.length] ?? 1, count, choices);
    walk.run();
    walk.end();
    return scenario(walk.text).flatMap((bytes, n) => {
      const { keep, at, word } = fates[n % fates.length] ?? { keep: 1, at: 0, word: 0 };
      if (at > 0 && at * 4 < bytes.length) new DataView(bytes.buffer).setInt32(at * 4, word, true);
      return Array<Uint8Array>(keep).fill(bytes);
    });
  });

/** Sequences of whole records. */
export const sequences = fc.oneof(noise, mangled);
