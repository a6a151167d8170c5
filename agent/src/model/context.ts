// SPDX-License-Identifier: Apache-2.0
import type { Decoder } from '../wire/events.gen.js';
import { plain } from '../wire/plain.js';

const SLOTS = 64;
/** Of one slot: the largest record has 160 bytes. */
const SLOT_WORDS = 40;

/** The last 64 records of one device, as bytes; Contexts tells it of them. */
export class Context {
  private readonly words = new Uint32Array(SLOTS * SLOT_WORDS);
  private readonly sizes = new Uint8Array(SLOTS);
  /** Where in the batch those begin that are to be copied, the latest first. */
  private readonly places = new Uint32Array(SLOTS);
  private noted = 0;
  private made = 0;

  /** Keeps a copy of the record at which the decoder stands. */
  add({ cursor, size }: Decoder): void {
    const slot = this.made++ % SLOTS;
    cursor.copy(cursor.at, size, this.words, slot * SLOT_WORDS);
    this.sizes[slot] = size;
  }

  /** A record begins at this place of the batch, and all noted before begin after it; true: it is the first. */
  note(place: number): boolean {
    if (this.noted < SLOTS) this.places[this.noted++] = place;
    return this.noted === 1;
  }

  /** Copies what was noted, and moves the decoder. */
  copy(batch: Decoder): void {
    while (this.noted > 0) {
      batch.cursor.at = this.places[--this.noted] as number;
      if (batch.current()) this.add(batch);
    }
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
    return this.records()
      .map(plain)
      .filter((event) => event !== undefined);
  }
}
