// SPDX-License-Identifier: Apache-2.0
import type { Decoder } from '../wire/events.gen.js';
import type { Context } from './context.js';
import type { Devices } from './devices.js';

/** No record is shorter; see wire.h, struct ev_hdr. */
const LEAST_BYTES = 32;

/**
 * Gives the records of a batch to the contexts of their devices: not each when it comes, but all at once when somebody
 * is about to look, or the bytes are about to go. Of a flood, most are then known to be older than the 64 that count.
 */
export class Contexts {
  /** Undefined between two batches. */
  private batch: Decoder | undefined;
  /** How far it has been told. */
  private told = 0;
  private places = new Uint32Array(0);

  /** The decoder stands at the first record of a batch, whose bytes must stay until end(). */
  begin(batch: Decoder): void {
    this.batch = batch;
    this.told = batch.cursor.at;
  }

  /** Tells of the records before the one at which the decoder stands. They are of these devices. */
  tell(devices: Devices): void {
    const { batch } = this;
    if (!batch || batch.cursor.at === this.told) return;
    const { cursor } = batch;
    const here = cursor.at;
    const touched: Context[] = [];
    for (let n = this.walk(batch); n > 0; ) {
      cursor.at = this.places[--n] as number;
      const dev = batch.current()?.dev;
      const context = dev ? devices.find(dev)?.context : undefined;
      if (context?.note(cursor.at)) touched.push(context);
    }
    for (const context of touched) context.copy(batch);
    cursor.at = this.told = here;
    batch.current();
  }

  end(devices: Devices): void {
    this.tell(devices);
    this.batch = undefined;
  }

  /** Notes where the records begin; how many there are. */
  private walk(batch: Decoder): number {
    const { cursor } = batch;
    const here = cursor.at;
    const most = Math.ceil((here - this.told) / LEAST_BYTES);
    if (this.places.length < most) this.places = new Uint32Array(most);
    let n = 0;
    for (cursor.at = this.told; cursor.at < here && batch.current(); batch.advance())
      this.places[n++] = cursor.at;
    return n;
  }
}
