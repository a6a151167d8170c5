// SPDX-License-Identifier: Apache-2.0
import { Cursor } from '../wire/cursor.js';
import { Decoder } from '../wire/events.gen.js';

const SLOTS = 64;
/** Of one slot: the largest record has 160 bytes. */
const SLOT_WORDS = 40;

/** For all that read a context: it has a view for each kind of record. */
const decoder = new Decoder(new Cursor());

/** The last 64 records of one device, kept as bytes so that remembering them costs one copy. */
export class Context {
  private readonly words = new Uint32Array(SLOTS * SLOT_WORDS);
  private readonly sizes = new Uint8Array(SLOTS);
  private made = 0;

  /** Keeps the record at the cursor, of `size` bytes. */
  add(cursor: Cursor, size: number): void {
    const slot = this.made % SLOTS;
    cursor.copy(size, this.words, slot * SLOT_WORDS);
    this.sizes[slot] = size;
    this.made++;
  }

  /** Oldest first. */
  records(): Uint8Array[] {
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
    const out: unknown[] = [];
    for (const record of this.records()) {
      decoder.cursor.reset(record);
      const event = decoder.current();
      if (event) out.push(event.toJSON());
    }
    return out;
  }
}
