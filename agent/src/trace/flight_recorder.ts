// SPDX-License-Identifier: Apache-2.0
/**
 * The last minutes of the stream in memory, always; a part of it becomes a trace
 * of its own when something was found. Memory is shared with the writing thread:
 * a capture copies nothing.
 */
import { randomUUID } from 'node:crypto';
import type { RecordFormat } from './packet.js';
import { shared, timeOf, wholeIn } from './records.js';
import type { WriterThread } from './writer_thread.js';

const CHUNK_BYTES = 1 << 20;
/** A chunk covers no more than this: the pre-roll begins at one. */
const CHUNK_NS = 10_000_000_000n;
/** Telling all that is known may take a hundredth of the time, and is done once a second at most. */
const SNAPSHOT_SHARE = 100n;
const SNAPSHOT_NS = 1_000_000_000n;
const NS_PER_MS = 1e6;
const HAND_OVER_MS = 500;

export interface FlightOptions {
  /** Memory for what was, at most. */
  readonly memoryBytes: number;
  /** How far back a capture goes, ns. */
  readonly preRoll: bigint;
  readonly format: RecordFormat;
  readonly snapshot: () => Uint8Array;
  /** The metadata of a trace with this UUID. */
  readonly metadata: (uuid: string) => string;
  readonly onTrouble: (capture: string, error: string) => void;
  /** Clock for ages and costs, ms. */
  readonly now: () => number;
}

interface Chunk {
  /** What was known before it; undefined if only what came before the chunk tells. */
  readonly preamble: Uint8Array<SharedArrayBuffer> | undefined;
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  readonly began: bigint;
  used: number;
  /** What the capture that is being written has of it. */
  handed: number;
}

interface Capture {
  readonly id: string;
  readonly trace: number;
  /** Record time at which it ends. */
  until: bigint;
  handedAt: number;
}

export class FlightRecorder {
  readonly name = 'captures';
  /** Captures that end early: the disk is too slow. */
  dropped = 0;
  /** Captures that the disk refused. */
  errors = 0;
  private readonly chunks: Chunk[] = [];
  private held = 0;
  private capture: Capture | undefined;
  private snapshotAfter = 0n;

  constructor(
    private readonly thread: WriterThread,
    private readonly options: FlightOptions,
  ) {}

  /** To be called before the batch is judged. */
  write(batch: Uint8Array): void {
    if (batch.length === 0) return;
    const time = timeOf(batch);
    if (this.capture && time > this.capture.until) this.end();
    for (let at = 0; at < batch.length; ) {
      let chunk = this.chunks.at(-1);
      const room = chunk && time - chunk.began < CHUNK_NS ? chunk.bytes.length - chunk.used : 0;
      const whole = wholeIn(batch.subarray(at), room, this.options.format.sizes);
      if (!chunk || whole === 0) {
        // A snapshot tells what was known before the batch: only there one may be taken.
        chunk = this.begin(time, at === 0);
        continue;
      }
      chunk.bytes.set(batch.subarray(at, at + whole), chunk.used);
      chunk.used += whole;
      at += whole;
    }
    this.trim(time);
    if (this.capture && this.options.now() - this.capture.handedAt >= HAND_OVER_MS)
      this.handOver(this.capture);
  }

  /** Saves what is held, under this name, and what follows until a record time; extends the one being written. */
  save(id: string, until: bigint): void {
    if (this.capture) {
      if (until > this.capture.until) this.capture.until = until;
      return;
    }
    const uuid = randomUUID();
    const { metadata, onTrouble } = this.options;
    const trace = this.thread.start(
      { name: id, uuid, metadata: metadata(uuid) },
      {
        failed: (_, error) => {
          this.errors++;
          onTrouble(id, error);
          if (this.capture?.id === id) this.capture = undefined;
        },
        worked: () => {},
      },
      // All that is held goes into the queue at once; it is in memory anyway.
      2 * this.options.memoryBytes,
    );
    this.thread.segment(trace, this.held);
    this.capture = { id, trace, until, handedAt: 0 };
    const first = Math.max(
      0,
      this.chunks.findIndex((c) => c.preamble),
    );
    for (const chunk of this.chunks) chunk.handed = 0;
    for (const chunk of this.chunks.slice(0, first)) chunk.handed = chunk.used;
    this.preamble(trace, this.chunks[first]?.preamble);
    this.handOver(this.capture);
  }

  /** What is being captured ends here. */
  close(): void {
    this.end();
  }

  private begin(time: bigint, mayTell: boolean): Chunk {
    const preamble = mayTell && time >= this.snapshotAfter ? this.tell(time) : undefined;
    if (this.capture) this.handOver(this.capture);
    const bytes = new Uint8Array(new SharedArrayBuffer(CHUNK_BYTES));
    const chunk: Chunk = { preamble, bytes, began: time, used: 0, handed: 0 };
    this.chunks.push(chunk);
    this.held += CHUNK_BYTES + (preamble?.length ?? 0);
    return chunk;
  }

  private tell(time: bigint): Uint8Array<SharedArrayBuffer> {
    const began = this.options.now();
    const preamble = shared(this.options.snapshot());
    const cost = BigInt(Math.round((this.options.now() - began) * NS_PER_MS));
    const pause = cost * SNAPSHOT_SHARE;
    this.snapshotAfter = time + (pause > SNAPSHOT_NS ? pause : SNAPSHOT_NS);
    return preamble;
  }

  /** Forgets what no capture needs any more, and the oldest where memory is out. */
  private trim(time: bigint): void {
    const { memoryBytes, preRoll } = this.options;
    // The chunk that a capture made now would begin with.
    const first = this.chunks.findLastIndex((c) => c.preamble && c.began <= time - preRoll);
    for (let n = 0; this.chunks.length > 1 && (n < first || this.held > memoryBytes); n++) {
      const gone = this.chunks.shift();
      if (gone) this.held -= CHUNK_BYTES + (gone.preamble?.length ?? 0);
    }
  }

  private preamble(trace: number, known: Uint8Array<SharedArrayBuffer> | undefined): void {
    for (let at = 0; known && at < known.length; ) {
      const whole = wholeIn(known.subarray(at), CHUNK_BYTES, this.options.format.sizes);
      this.thread.packet(trace, known.subarray(at, at + whole), { preamble: true });
      at += whole;
    }
  }

  private handOver(capture: Capture): void {
    capture.handedAt = this.options.now();
    for (const chunk of this.chunks) {
      if (chunk.handed === chunk.used) continue;
      const records = chunk.bytes.subarray(chunk.handed, chunk.used);
      chunk.handed = chunk.used;
      if (this.thread.packet(capture.trace, records)) continue;
      this.dropped++;
      this.options.onTrouble(capture.id, 'it is written more slowly than it is made; it ends here');
      this.end();
      return;
    }
  }

  private end(): void {
    const { capture } = this;
    if (!capture) return;
    this.handOver(capture);
    this.capture = undefined;
    this.thread.closeTrace(capture.trace);
  }
}
