// SPDX-License-Identifier: Apache-2.0
/** Reads back what ../columns.ts packed. */

/** `count` numbers from `at` on: the sum of the differences, whose sign is their lowest bit. */
function column(bytes, at, count) {
  const out = new Float64Array(count);
  let last = 0;
  for (let n = 0; n < count; n++) {
    let byte = bytes[at++];
    let rest = byte & 127;
    // Most differences have one byte.
    for (let scale = 128; byte & 128; scale *= 128) {
      byte = bytes[at++];
      rest += (byte & 127) * scale;
    }
    // Beyond 2^31 there are no bits to shift.
    if (rest < 128) last += (rest >> 1) ^ -(rest & 1);
    else last += rest % 2 ? -(rest + 1) / 2 : rest / 2;
    out[n] = last;
  }
  return out;
}

/** The head, and in place of its layout the tables: columns by name. */
export function unpack(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const { layout, ...head } = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  let at = 4 + length;
  for (const [name, columns] of Object.entries(layout)) {
    head[name] = {};
    for (const { column: key, count, bytes: size } of columns) {
      head[name][key] = column(bytes, at, count);
      at += size;
    }
  }
  return head;
}

/** The data of the page, inflated by the browser itself. */
export async function load(base64) {
  const text = atob(base64);
  const packed = new Uint8Array(text.length);
  for (let n = 0; n < packed.length; n++) packed[n] = text.charCodeAt(n);
  const inflated = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate'));
  return unpack(new Uint8Array(await new Response(inflated).arrayBuffer()));
}
