// SPDX-License-Identifier: Apache-2.0
import type { Response } from 'express';
import { FORMATS, type Format } from './exposition.js';
import { TextBuffer } from './text_buffer.js';

/**
 * So many scrapes a second see the moment; whoever comes beyond that may get a text again for REUSE times the
 * time it took to make, so that a flood takes a fifth of the thread at most.
 */
const FRESH_A_SECOND = 10;
const REUSE = 4;
/**
 * Bytes that readers are sent at a turn of the event loop, all together; each gets LEAST. One reader gets a text
 * whole. Hundreds of them would take the thread from the drain for seconds.
 */
const AT_A_TURN = 8 << 20;
const LEAST = 32 << 10;
/** Texts that clients have not read to their end, at most; a text may have megabytes. */
const MAX_UNREAD = 8;

interface Text {
  readonly buffer: TextBuffer;
  /** Settles when it is made. */
  readonly made: Promise<void>;
  /** Until when it may be given again, ms. */
  until: number;
  /** Those who wait for it or are being sent it. */
  readonly readers: Set<Response>;
}

/**
 * Answers scrapes: many at a time share one text, and readers that are too slow are cut off. Texts are written
 * where those were that nobody reads any more: left to the garbage collector, a flood would be ahead of it by many.
 */
export class Scrapes {
  private readonly latest = new Map<Format, Text>();
  /** The latest ones, and those that somebody reads; the oldest first. */
  private readonly inUse: Text[] = [];
  private readonly free: TextBuffer[] = [];
  /** Readers that are being sent a text. */
  private sending = 0;
  /** When the second began that is counted, ms, and the texts made in it. */
  private second = 0;
  private fresh = 0;

  /** `now` in ms. */
  constructor(
    private readonly make: (format: Format, into: TextBuffer) => Promise<void>,
    private readonly now: () => number,
  ) {}

  async answer(format: Format, res: Response): Promise<void> {
    const text = this.text(format);
    text.readers.add(res);
    this.sending++;
    res.once('close', () => {
      this.sending--;
      text.readers.delete(res);
      this.settle(text);
    });
    await text.made;
    if (res.destroyed) return;
    const bytes = text.buffer.written;
    // Not send(): the ETag that it adds would be a hash of megabytes.
    res.writeHead(200, { 'Content-Type': FORMATS[format], 'Content-Length': bytes.length });
    this.send(bytes, res);
  }

  /** Piece by piece, as the reader takes them; between two pieces the thread does everything else. */
  private send(bytes: Buffer, res: Response): void {
    const to = Math.max(LEAST, Math.floor(AT_A_TURN / this.sending));
    if (to >= bytes.length) res.end(bytes);
    else
      res.write(bytes.subarray(0, to), (error) => {
        if (!error) setImmediate(() => this.send(bytes.subarray(to), res));
      });
  }

  private text(format: Format): Text {
    const had = this.latest.get(format);
    const now = this.now();
    if (now - this.second >= 1000) [this.second, this.fresh] = [now, 0];
    const inTheMaking = had?.until === Number.POSITIVE_INFINITY;
    if (had && (inTheMaking || (this.fresh >= FRESH_A_SECOND && now < had.until))) return had;
    this.fresh++;
    return this.begin(format, had);
  }

  /** A new text, in the place of `had`. */
  private begin(format: Format, had: Text | undefined): Text {
    const buffer = this.free.pop() ?? new TextBuffer();
    const made = this.timed(format, buffer, (until) => {
      text.until = until;
    });
    const text: Text = { buffer, made, until: Number.POSITIVE_INFINITY, readers: new Set() };
    this.latest.set(format, text);
    if (had) this.settle(had);
    this.inUse.push(text);
    if (this.inUse.length > MAX_UNREAD)
      for (const res of this.inUse.find((t) => t.readers.size > 0)?.readers ?? []) res.destroy();
    return text;
  }

  /** Whether anybody needs it still; if not, another may be written in its place. */
  private settle(text: Text): void {
    if (text.readers.size > 0 || [...this.latest.values()].includes(text)) return;
    const at = this.inUse.indexOf(text);
    if (at < 0) return;
    this.inUse.splice(at, 1);
    this.free.push(text.buffer);
  }

  private async timed(format: Format, into: TextBuffer, done: (until: number) => void): Promise<void> {
    const began = this.now();
    try {
      await this.make(format, into);
    } finally {
      done(this.now() + REUSE * (this.now() - began));
    }
  }
}
