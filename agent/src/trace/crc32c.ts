// SPDX-License-Identifier: Apache-2.0
/** CRC-32C (Castagnoli), as iSCSI and ext4 have it; slicing by 16, as node has no other than zlib's CRC-32. */

const POLYNOMIAL = 0x82f63b78;
const SLICES = 16;

/** Row k: what a byte does to the register k bytes later. One flat table: one bounds check the less. */
const TABLE = new Int32Array(SLICES * 256);
for (let n = 0; n < 256; n++) {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ POLYNOMIAL : c >>> 1;
  TABLE[n] = c;
}
for (let n = 256; n < SLICES * 256; n++) {
  const p = TABLE[n - 256] as number;
  TABLE[n] = (p >>> 8) ^ (TABLE[p & 255] as number);
}

/** Four words a round, little endian. Typed array reads inside the bounds are numbers. */
function words(w: Int32Array, crc: number): number {
  const t = TABLE as unknown as { readonly [i: number]: number };
  const v = w as unknown as { readonly [i: number]: number };
  let c = crc;
  for (let i = 0; i < w.length; i += 4) {
    const a = (v[i] as number) ^ c;
    const b = v[i + 1] as number;
    const d = v[i + 2] as number;
    const e = v[i + 3] as number;
    c =
      (t[3840 + (a & 255)] as number) ^
      (t[3584 + ((a >>> 8) & 255)] as number) ^
      (t[3328 + ((a >>> 16) & 255)] as number) ^
      (t[3072 + (a >>> 24)] as number) ^
      (t[2816 + (b & 255)] as number) ^
      (t[2560 + ((b >>> 8) & 255)] as number) ^
      (t[2304 + ((b >>> 16) & 255)] as number) ^
      (t[2048 + (b >>> 24)] as number) ^
      (t[1792 + (d & 255)] as number) ^
      (t[1536 + ((d >>> 8) & 255)] as number) ^
      (t[1280 + ((d >>> 16) & 255)] as number) ^
      (t[1024 + (d >>> 24)] as number) ^
      (t[768 + (e & 255)] as number) ^
      (t[512 + ((e >>> 8) & 255)] as number) ^
      (t[256 + ((e >>> 16) & 255)] as number) ^
      (t[e >>> 24] as number);
  }
  return c;
}

/** The checksum of these bytes, unsigned. */
export function crc32c(bytes: Uint8Array): number {
  let c = -1;
  let at = 0;
  if (bytes.byteOffset % 4 === 0) {
    at = bytes.length & ~15;
    c = words(new Int32Array(bytes.buffer, bytes.byteOffset, at / 4), c);
  }
  for (; at < bytes.length; at++) c = (c >>> 8) ^ (TABLE[(c ^ (bytes[at] as number)) & 255] as number);
  return ~c >>> 0;
}
