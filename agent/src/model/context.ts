// SPDX-License-Identifier: Apache-2.0
import type { Cursor } from '../wire/cursor.js';
import { plain } from '../wire/plain.js';

const SLOTS = 64;
/** Of one slot: the largest record has 160 bytes. */
const SLOT_WORDS = 40;

/**
 * The last 64 records of one device, kept as bytes. A record's place in the batch is noted when it comes; its
 * bytes are copied when the batch ends, and by then a flood has replaced most of them.
 */
export class Context {
  private readonly words = new Uint32Array(SLOTS * SLOT_WORDS);
  private readonly sizes = new Uint8Array(SLOTS);
  /** Where in the batch those begin that are not copied yet. */
  private readonly places = new Uint32Array(SLOTS);
  private batch: Cursor | undefined;
  private made = 0;
  private copied = 0;

  /** Keeps the record at the cursor, of `size` bytes; true if it is the first since the last copy(). */
  add(cursor: Cursor, size: number): boolean {
    const slot = this.made++ % SLOTS;
    this.places[slot] = cursor.at;
    this.sizes[slot] = size;
    if (this.batch !== undefined) return false;
    this.batch = cursor;
    return true;
  }

  /** To be called before the bytes of the batch go. */
  copy(): void {
    const { batch, made } = this;
    if (!batch) return;
    for (let n = Math.max(this.copied, made - SLOTS); n < made; n++) {
      const slot = n % SLOTS;
      batch.copy(this.places[slot] ?? 0, this.sizes[slot] ?? 0, this.words, slot * SLOT_WORDS);
    }
    this.copied = made;
    this.batch = undefined;
  }

  /** Oldest first. */
  records(): Uint8Array[] {
    this.copy();
    const bytes = new Uint8Array(this.words.buffer);
    const out: Uint8Array[] = [];
    for (let n = Math.max(0, this.made - SLOTS); n < this.made; n++) {
      const from = (n % SLOTS) * SLOT_WORDS * 4;
      out.push(bytes.subarray(from, from + (this.sizes[n % SLOTS] ?? 0)));
    }
    return out;
  }

  /** Oldest first, as plain data. */
  toJSON(): unknown[] {
    return this.records()
      .map(plain)
      .filter((event) => event !== undefined);
  }
}
