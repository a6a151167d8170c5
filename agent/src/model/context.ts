// SPDX-License-Identifier: Apache-2.0
import { Cursor } from '../wire/cursor.js';
import { Decoder } from '../wire/events.gen.js';

const SLOTS = 64;
const SLOT_BYTES = 160;

/** The last 64 records of one device, kept as bytes so that remembering them costs one copy. */
export class Context {
  private readonly bytes = new Uint8Array(SLOTS * SLOT_BYTES);
  private readonly sizes = new Uint8Array(SLOTS);
  private made = 0;

  add(record: Uint8Array): void {
    const slot = this.made % SLOTS;
    this.bytes.set(record, slot * SLOT_BYTES);
    this.sizes[slot] = record.length;
    this.made++;
  }

  /** Oldest first, as plain data. */
  toJSON(): unknown[] {
    const decoder = new Decoder(new Cursor());
    const out: unknown[] = [];
    for (let n = Math.max(0, this.made - SLOTS); n < this.made; n++) {
      const from = (n % SLOTS) * SLOT_BYTES;
      decoder.cursor.reset(this.bytes.subarray(from, from + (this.sizes[n % SLOTS] ?? 0)));
      const event = decoder.current();
      if (event) out.push(event.toJSON());
    }
    return out;
  }
}
