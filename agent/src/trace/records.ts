// SPDX-License-Identifier: Apache-2.0
/** Walking over whole records, of which a trace knows the sizes and nothing else. */
const TYPE = 8;

export type Sizes = readonly (number | undefined)[];

function* each(records: Uint8Array, sizes: Sizes): Generator<number> {
  const v = new DataView(records.buffer, records.byteOffset, records.byteLength);
  for (let at = 0; at < records.length; ) {
    const size = sizes[v.getUint32(at + TYPE, true)] ?? records.length - at;
    yield size;
    at += size;
  }
}

/** How many bytes of whole records, from the start, are no more than `most`. */
export function wholeIn(records: Uint8Array, most: number, sizes: Sizes): number {
  if (records.length <= most) return records.length;
  let whole = 0;
  for (const size of each(records, sizes)) {
    if (whole + size > most) break;
    whole += size;
  }
  return whole;
}

export function countRecords(records: Uint8Array, sizes: Sizes): number {
  let n = 0;
  for (const _ of each(records, sizes)) n++;
  return n;
}

/** CLOCK_MONOTONIC ns of the first of them. */
export function timeOf(records: Uint8Array): bigint {
  return new DataView(records.buffer, records.byteOffset, records.byteLength).getBigUint64(0, true);
}

/** A copy that another thread may read. */
export function shared(bytes: Uint8Array): Uint8Array<SharedArrayBuffer> {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}
