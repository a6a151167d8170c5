// SPDX-License-Identifier: Apache-2.0
import { RECORD_SIZES } from './events.gen.js';

const TYPE_OFFSET = 8;

/** How many of these bytes are whole records of known kinds, from the start. */
export function wholeRecords(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at + TYPE_OFFSET + 4 <= bytes.length) {
    const size = RECORD_SIZES[view.getUint32(at + TYPE_OFFSET, true)];
    if (size === undefined || at + size > bytes.length) break;
    at += size;
  }
  return at;
}
