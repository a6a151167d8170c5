// SPDX-License-Identifier: Apache-2.0
/**
 * Records a stream as a trace, without ever making the caller wait: bytes are
 * copied into memory that the writing thread shares, and handed over when a packet
 * is full or half a second old.
 */
import { randomUUID } from 'node:crypto';
import { metadataText, type TraceOrigin } from './metadata.js';
import type { RecordFormat } from './packet.js';
import { countRecords, shared, wholeIn } from './records.js';
import type { WriterThread } from './writer_thread.js';

/** What a trace may lose to SIGKILL: a packet of at most this age, ms, and the wait for the next batch. */
const HAND_OVER_MS = 500;
/** After a failure the disk is tried again this much later, ms. */
const RETRY_MS = 5_000;

export interface TraceLimits {
  readonly packetBytes: number;
  readonly segmentBytes: number;
  readonly segmentMs: number;
}

export interface TraceOptions extends TraceLimits {
  readonly format: RecordFormat;
  /** The records of a preamble: what is known now. Empty: nothing. */
  readonly snapshot: () => Uint8Array;
  /** Events are missing from the trace from here on, or no longer. */
  readonly onTrouble: (error: string) => void;
  readonly onRelief: () => void;
  /** Clock for ages, ms. */
  readonly now: () => number;
}

/** `migwatch-20261122T220000Z-4711` */
export function traceName(pid: number, now: Date): string {
  const stamp = now.toISOString().replace(/[-:]/g, '').replace(/\..*/, 'Z');
  return `migwatch-${stamp}-${pid}`;
}

export class TraceWriter {
  readonly name = 'trace';
  /** Events that are not in the trace because the disk or this process was too slow or full. */
  dropped = 0;
  /** Packets that the disk refused. */
  errors = 0;
  private chunk = new Uint8Array(new SharedArrayBuffer(0));
  /** chunk[handed, used) waits to be handed over. */
  private used = 0;
  private handed = 0;
  private handedAt: number;
  /** Bytes handed over so far, preambles too; and full chunks with how many that were when each was done with. */
  private handedBytes = 0;
  private readonly full: { readonly chunk: Uint8Array<SharedArrayBuffer>; readonly at: number }[] = [];
  private segmentBytes = 0;
  private segmentBegan: number;
  /** Dropped since the last packet that was handed over. */
  private missing = 0;
  private retryAt = -1;
  private resume = false;

  private constructor(
    private readonly thread: WriterThread,
    private readonly options: TraceOptions,
    private trace: number,
  ) {
    this.handedAt = this.segmentBegan = options.now();
  }

  /** Rejects if the folder cannot be made. */
  static async create(
    thread: WriterThread,
    name: string,
    origin: Omit<TraceOrigin, 'uuid'>,
    events: string,
    options: TraceOptions,
  ): Promise<TraceWriter> {
    const uuid = randomUUID();
    const what = { name, uuid, metadata: metadataText({ ...origin, uuid }, events) };
    let writer: TraceWriter | undefined;
    const trace = await thread.open(what, {
      failed: (n, error) => writer?.failed(n, error),
      worked: () => options.onRelief(),
    });
    writer = new TraceWriter(thread, options, trace);
    writer.begin();
    return writer;
  }

  /** To be called before the batch is judged: a segment that begins here says what was known before it. */
  write(batch: Uint8Array): void {
    const now = this.options.now();
    if (this.retryAt >= 0 && now < this.retryAt) {
      this.drop(this.count(batch));
      return;
    }
    if (this.resume || this.isSegmentOver(now)) this.begin();
    for (let at = 0; at < batch.length; ) {
      const whole = this.fits(batch.subarray(at));
      if (whole === 0) {
        this.handOver();
        this.renew();
        continue;
      }
      this.chunk.set(batch.subarray(at, at + whole), this.used);
      this.used += whole;
      at += whole;
    }
    if (now - this.handedAt >= HAND_OVER_MS) this.handOver();
  }

  /** Hands over what is left; it is on disk when the thread has been closed. */
  close(): void {
    this.handOver();
    if (this.missing > 0) this.thread.packet(this.trace, empty, { missing: this.missing });
    this.thread.closeTrace(this.trace);
  }

  private isSegmentOver(now: number): boolean {
    const { segmentBytes, segmentMs } = this.options;
    return this.segmentBytes >= segmentBytes || now - this.segmentBegan >= segmentMs;
  }

  private begin(): void {
    this.handOver();
    this.resume = false;
    this.retryAt = -1;
    this.segmentBytes = 0;
    this.segmentBegan = this.options.now();
    this.thread.segment(this.trace, this.options.segmentBytes);
    const known = this.options.snapshot();
    if (known.length === 0) return;
    for (let at = 0; at < known.length; ) {
      const whole = this.wholeIn(known.subarray(at), this.options.packetBytes);
      const records = shared(known.subarray(at, at + whole));
      if (!this.thread.packet(this.trace, records, { preamble: true })) {
        this.pause();
        return;
      }
      this.handedBytes += records.length;
      at += whole;
    }
  }

  /** How much of the batch the chunk can take, in whole records. */
  private fits(batch: Uint8Array): number {
    const left = this.chunk.length - this.used;
    return batch.length <= left ? batch.length : this.wholeIn(batch, left);
  }

  private wholeIn(records: Uint8Array, most: number): number {
    return wholeIn(records, most, this.options.format.sizes);
  }

  private count(records: Uint8Array): number {
    return countRecords(records, this.options.format.sizes);
  }

  /** The oldest chunk that the thread is done with, or a new one. Packets are larger than any record. */
  private renew(): void {
    if (this.used > 0) this.full.push({ chunk: this.chunk, at: this.handedBytes });
    const [oldest] = this.full;
    const free = oldest && oldest.at <= this.thread.taken(this.trace) ? this.full.shift() : undefined;
    this.chunk = free?.chunk ?? new Uint8Array(new SharedArrayBuffer(this.options.packetBytes));
    this.used = this.handed = 0;
  }

  private handOver(): void {
    this.handedAt = this.options.now();
    if (this.used === this.handed) return;
    const records = this.chunk.subarray(this.handed, this.used);
    this.handed = this.used;
    if (!this.thread.packet(this.trace, records, { missing: this.missing })) {
      this.drop(this.count(records));
      this.options.onTrouble('it is written more slowly than it is made');
      this.pause();
      return;
    }
    this.missing = 0;
    this.segmentBytes += records.length;
    this.handedBytes += records.length;
  }

  /** The thread could not write a packet. */
  private failed(events: number, error: string): void {
    this.dropped += events;
    this.errors++;
    this.options.onTrouble(error);
    this.pause();
  }

  private drop(events: number): void {
    this.dropped += events;
    this.missing += events;
  }

  /** What follows a gap is a segment of its own: it says again what is known. */
  private pause(): void {
    this.resume = true;
    this.retryAt = this.options.now() + RETRY_MS;
  }
}

const empty = new Uint8Array(new SharedArrayBuffer(0));
