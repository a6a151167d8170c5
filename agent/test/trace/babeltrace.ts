// SPDX-License-Identifier: Apache-2.0
/** babeltrace2 as the judge of our traces: what it reads of one must be what our own decoder reads. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { Cursor } from '../../src/wire/cursor.js';
import { Decoder, RECORD_SIZES } from '../../src/wire/events.gen.js';

const SCRIPT = 'tools/babeltrace2';

/** What it prints of a trace, a line an event, times in clock cycles; and what it complains of. */
export function babeltrace(path: string): { lines: string[]; errors: string } {
  const args = ['--clock-cycles', '--no-delta', path];
  const done = spawnSync(SCRIPT, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (done.error) throw done.error;
  return { lines: done.stdout.split('\n').slice(0, -1), errors: done.stderr };
}

const FIELD = /(\w+) = (?:"((?:[^"\\]|\\.)*)"|\( (?:"[^"]*"|<unknown>) : container = (\d+) \)|(-?\w+))/g;
const camel = (s: string) => s.replace(/_+([a-z0-9])/g, (_, c: string) => c.toUpperCase());

/** Everything in braces, by name; texts as they are, numbers as our decoder rounds them. */
function fields(text: string): Record<string, string | number> {
  const out: Record<string, string | number> = {};
  for (const [, name = '', chars, member, number] of text.matchAll(FIELD))
    if (!/^pad\d*$/.test(name))
      out[camel(name)] = chars?.replace(/\\(.)/g, '$1') ?? Number(BigInt(member ?? number ?? 0));
  return out;
}

/**
 * Fails unless babeltrace2's lines are these records, in this order, with these values. Of an empty text
 * babeltrace2 2.0 shows what the same field of an earlier event held: it uses its events again.
 */
export function sameEvents(lines: readonly string[], records: Uint8Array): void {
  const { cursor, decoder } = reader(records);
  const shown = new Set<string>();
  for (const line of lines) {
    const [, cycles = '', name, rest = ''] = /^\[(\d+)\] (\w+): \{.*?\}, (.*)$/.exec(line) ?? [];
    const e = decoder.current();
    assert.ok(e, `babeltrace2 reads more than there is: ${line}`);
    const theirs: Record<string, unknown> = { kind: name, at: Number(cycles), ...fields(rest) };
    // Absolute times: the cursor's base is 0. Its getters are what rules see.
    const ours = Object.keys(e.toJSON()).map((key) => (key === 'at_ns' ? 'at' : key));
    for (const key of new Set([...ours, ...Object.keys(theirs)])) {
      const mine: unknown = (e as unknown as Record<string, unknown>)[key];
      const text = `${name} ${key} ${theirs[key]}`;
      if (mine !== '' || !shown.has(text)) assert.equal(theirs[key], mine, `${key} in ${line}`);
      shown.add(text);
    }
    cursor.at += RECORD_SIZES[cursor.u32(8)] ?? cursor.remaining;
  }
  assert.equal(cursor.remaining, 0, 'babeltrace2 reads less than there is');
}

function reader(records: Uint8Array) {
  const cursor = new Cursor();
  cursor.reset(records);
  return { cursor, decoder: new Decoder(cursor) };
}
