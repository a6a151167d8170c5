// SPDX-License-Identifier: Apache-2.0
/** decode(encode(x)) is x, for every kind and at the ends of the ranges. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cursor } from '../../src/wire/cursor.js';
import { Decoder, EvType, encode, type KernelEvent, RECORD_SIZES } from '../../src/wire/events.gen.js';
import { KINDS, SAMPLES } from './samples.js';

/** More than a double holds: an uptime of 584 years. */
const LATE = 2n ** 64n - 1n;

function decoded(bytes: Uint8Array, base = 0n): KernelEvent {
  const cursor = new Cursor();
  cursor.base = base;
  cursor.reset(bytes);
  const e = new Decoder(cursor).current();
  assert.ok(e);
  return e;
}

/** As toJSON has it: a number where a double holds it, else hex; addresses always hex. */
function plain(name: string, value: bigint | number | string): unknown {
  const hex = `0x${BigInt.asUintN(64, BigInt(typeof value === 'string' ? 0 : value)).toString(16)}`;
  if (name === 'iova' || name === 'vaddr' || name === 'pos') return hex;
  if (typeof value !== 'bigint') return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : hex;
}

test('there is a sample of every kind', () => {
  assert.deepEqual(
    KINDS.map((kind) => kind.toUpperCase()),
    Object.keys(EvType),
  );
});

for (const kind of KINDS)
  test(`${kind}: every field comes back`, () => {
    const fields = { ...SAMPLES[kind], at: LATE };
    const e = decoded(encode(kind, fields));
    assert.equal(e.kind, kind);
    assert.equal(e.atNs, LATE);
    const json = e.toJSON();
    const expected = Object.entries(fields).map(([name, value]) => [name, plain(name, value)]);
    const actual = Object.keys(fields).map((name) => [name, json[name]]);
    assert.deepEqual(actual, expected);
    // Nothing else is in the record: no field was forgotten in the sample.
    assert.deepEqual(new Set(Object.keys(json)), new Set(['kind', ...Object.keys(fields)]));
  });

test('typed getters give what toJSON gives, where a double holds it', () => {
  for (const kind of KINDS) {
    const e = decoded(encode(kind, { ...SAMPLES[kind], at: 5 }));
    const json = e.toJSON();
    for (const [name, value] of Object.entries(json))
      if (typeof value === 'number')
        assert.equal((e as unknown as Record<string, unknown>)[name], value, `${kind}.${name}`);
  }
});

test('negative 64-bit results come back as numbers', () => {
  const e = decoded(encode('data_read', { ret: -19, count: 1 }));
  assert.ok(e.kind === 'data_read');
  assert.equal(e.ret, -19);
  const least = decoded(encode('data_read', { ret: -(2n ** 63n) }));
  assert.ok(least.kind === 'data_read' && least.ret === -(2 ** 63));
});

test('strings: full length, too long, empty, not ASCII', () => {
  const name = (text: string) => {
    const e = decoded(encode('vm', { name: text, uuid: 'after' }));
    assert.ok(e.kind === 'vm');
    assert.equal(e.uuid, 'after');
    return e.name;
  };
  assert.equal(name('y'.repeat(63)), 'y'.repeat(63));
  assert.equal(name('y'.repeat(64)), 'y'.repeat(63));
  assert.equal(name(''), '');
  assert.equal(name('Gäst ☃'), 'Gäst ☃');
});

test('a string without its NUL ends with its field', () => {
  const bytes = encode('vm', { name: 'x', uuid: 'after' });
  bytes.fill(0x7a, 32, 32 + 64);
  const e = decoded(bytes);
  assert.ok(e.kind === 'vm');
  assert.deepEqual([e.name, e.uuid], ['z'.repeat(64), 'after']);
});

test('what is not written is zero', () => {
  for (const kind of KINDS) {
    const bytes = encode(kind, {});
    assert.equal(bytes.length, RECORD_SIZES[bytes[8] ?? 0]);
    assert.equal(
      bytes.reduce((sum, byte) => sum + byte, 0),
      bytes[8],
    );
  }
});

test('times are exact relative to the base, beyond 2^53 and before the base', () => {
  const bases = [0n, 2n ** 32n - 1n, 2n ** 53n + 1n, 2n ** 63n + 12345n, LATE - 1000n];
  for (const base of bases)
    for (const delta of [0n, 1n, 999n, -1n]) {
      if (base + delta < 0n) continue;
      const e = decoded(encode('tick', { at: base + delta }), base);
      assert.deepEqual([e.at, e.atNs], [Number(delta), base + delta]);
    }
  const days104 = 2n ** 53n - 1n;
  assert.equal(decoded(encode('tick', { at: LATE - 5n }), LATE - 5n - days104).at, Number(days104));
});

test('every time field is relative, not only the header', () => {
  const base = 2n ** 60n;
  const e = decoded(encode('reset', { at: base + 9n, began: base + 4n }), base);
  assert.ok(e.kind === 'reset');
  assert.deepEqual([e.at - e.began, e.beganNs], [5, base + 4n]);
});
