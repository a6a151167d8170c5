// SPDX-License-Identifier: Apache-2.0
/**
 * What probes/wire.h says, read from the BTF of an object that holds every record as a variable
 * (`bpftool -j btf dump` on stdin). Fails on a hole, a bit field, an unknown field type, or a tag
 * without a struct.
 */
import { readFileSync } from 'node:fs';

export const btf = JSON.parse(readFileSync(0, 'utf8')).types;
const byId = new Map(btf.map((t) => [t.id, t]));
export const named = (kind, name) => btf.find((t) => t.kind === kind && t.name === name);
export const fail = (why) => {
  process.stderr.write(`wire-gen: ${why}\n`);
  process.exit(1);
};

export const camel = (s) => s.replace(/_+([a-z0-9])/g, (_, c) => c.toUpperCase());
export const pascal = (s) => camel(s).replace(/^./, (c) => c.toUpperCase());

/** Typedefs whose values are addresses: shown in hex, whatever their size. */
export const ADDRESSES = new Set(['iova', 'vaddr', 'region_pos', 'data_word']);
/** Times on CLOCK_MONOTONIC: read relative to the stream's first record, so that they fit a double. */
export const TIMES = new Set(['ktime_ns']);

/** Walks typedefs down to the base: {meaning, base}. The first name that is not a __type is the meaning. */
function resolve(id) {
  let t = byId.get(id);
  let meaning;
  while (t.kind === 'TYPEDEF') {
    if (!t.name.startsWith('__')) meaning ??= t.name;
    t = byId.get(t.type_id);
  }
  return { meaning, base: t };
}

function scalar(base, where) {
  if (base.kind !== 'INT') fail(`${where}: ${base.kind} cannot cross; use a fixed-width integer or char[]`);
  const signed = base.encoding === 'SIGNED';
  if (base.size === 4) return signed ? 'i32' : 'u32';
  if (base.size === 8) return signed ? 'i64' : 'u64';
  return fail(`${where}: ${base.size}-byte integers are not used on the wire`);
}

function fieldOf(m, where) {
  if (m.bits_offset % 8) fail(`${where}: bit field`);
  const { meaning, base } = resolve(m.type_id);
  const offset = m.bits_offset / 8;
  if (base.kind === 'ARRAY') {
    const elem = resolve(base.type_id);
    if (elem.base.kind === 'INT' && elem.base.size === 1)
      return { name: camel(m.name), member: m.name, offset, size: base.nr_elems, type: 'chars' };
    const type = scalar(elem.base, where);
    const size = base.nr_elems * elem.base.size;
    return { name: camel(m.name), member: m.name, offset, size, type, array: base.nr_elems };
  }
  const type = scalar(base, where);
  return { name: camel(m.name), member: m.name, offset, size: base.size, type, meaning };
}

/** Fields in order, the header's spelt out; checks that nothing lies between them. */
export function layout(struct) {
  const fields = [];
  let end = 0;
  for (const m of struct.members) {
    const where = `${struct.name}.${m.name}`;
    if (m.bits_offset / 8 !== end) fail(`${where}: hole of ${m.bits_offset / 8 - end} bytes before it`);
    const { base } = resolve(m.type_id);
    if (base.kind === 'STRUCT') {
      fields.push(...layout(base).fields);
      end += base.size;
      continue;
    }
    const f = fieldOf(m, where);
    fields.push(f);
    end += f.size;
  }
  if (end !== struct.size) fail(`${struct.name}: ${struct.size - end} bytes of padding at its end`);
  return { size: struct.size, fields };
}

/** Bytes that every record begins with. */
export const HEADER_SIZE = layout(named('STRUCT', 'ev_hdr')).size;

const evType = named('ENUM', 'ev_type') ?? fail('enum ev_type is not in the BTF');
export const records = evType.values.map(({ name, val }) => {
  const kind = name.replace(/^EV_/, '').toLowerCase();
  const struct = named('STRUCT', `ev_${kind}`) ?? fail(`${name} has no struct ev_${kind}`);
  return { tag: val, kind, name: pascal(kind), ...layout(struct) };
});
export const isPad = (f) => /^pad\d*$/.test(f.name);
/** Names this layout: equal hashes decode each other. */
export const layoutText = JSON.stringify(records.map((r) => [r.tag, r.kind, r.size, r.fields]));
