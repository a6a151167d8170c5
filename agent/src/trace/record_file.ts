// SPDX-License-Identifier: Apache-2.0
/**
 * The plain record file: one line of JSON about where it was made, then the
 * records as they were judged. Behind Source, so that another format can follow.
 */
import { createReadStream, createWriteStream, type WriteStream } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Source } from '../source.js';

export const MAGIC = 'migwatch-records';
const MAX_HEADER = 64 << 10;
const MAX_QUEUED = 64 << 20;
const CHUNK = 1 << 20;

export interface TraceHeader {
  readonly magic: string;
  readonly wire: string;
  readonly host: string;
  readonly kernel: string;
  readonly boot_id: string;
  readonly agent_version: string;
}

/** A file that cannot be used as a trace, and why; the message names it. */
export class TraceError extends Error {}

/** Appends batches without ever making the caller wait; what does not fit is counted. */
export class RecordFileWriter {
  readonly name = 'trace';
  private queued = 0;
  private broken: Error | undefined;
  /** Batches that were not written. */
  dropped = 0;

  private constructor(
    readonly path: string,
    private readonly stream: WriteStream,
    private readonly onError: (err: Error) => void,
  ) {
    stream.on('error', (err) => {
      if (!this.broken) this.onError(err);
      this.broken = err;
    });
  }

  /** Rejects if `dir` cannot be written to. */
  static async create(
    dir: string,
    header: TraceHeader,
    onError: (err: Error) => void,
  ): Promise<RecordFileWriter> {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const stamp = new Date().toISOString().replace(/[-:]/g, '').replace(/\..*/, 'Z');
    const path = join(dir, `migwatch-${stamp}-${process.pid}.mwr`);
    const file = await open(path, 'wx', 0o600);
    const stream = createWriteStream(path, { fd: file.fd, autoClose: false });
    const writer = new RecordFileWriter(path, stream, onError);
    stream.once('close', () => void file.close().catch(() => {}));
    stream.write(`${JSON.stringify(header)}\n`);
    return writer;
  }

  write(batch: Uint8Array): void {
    if (this.broken || this.queued + batch.length > MAX_QUEUED) {
      this.dropped++;
      return;
    }
    this.queued += batch.length;
    this.stream.write(Buffer.from(batch), () => {
      this.queued -= batch.length;
    });
  }

  close(): Promise<void> {
    if (this.broken) return Promise.resolve();
    return new Promise((resolve) => this.stream.end(() => resolve()));
  }
}

/** Reads a record file. `isWhole` answers how many bytes of a buffer are whole records, or throws. */
export class RecordFileSource implements Source {
  private rest: Buffer = Buffer.alloc(0);
  private readonly chunks: AsyncIterator<Buffer>;
  /** Bytes after the last whole record: the recorder was killed, or the file damaged. */
  truncated = 0;

  private constructor(
    readonly path: string,
    readonly header: TraceHeader,
    first: Buffer,
    chunks: AsyncIterator<Buffer>,
    private readonly wholeBytes: (bytes: Buffer) => number,
  ) {
    this.rest = first;
    this.chunks = chunks;
  }

  /** Throws TraceError naming the file if it is not a trace that this agent can read. */
  static async open(
    path: string,
    wire: string,
    wholeBytes: (bytes: Buffer) => number,
  ): Promise<RecordFileSource> {
    const chunks = createReadStream(path, { highWaterMark: CHUNK })[
      Symbol.asyncIterator
    ]() as AsyncIterator<Buffer>;
    let head = Buffer.alloc(0);
    while (head.indexOf(10) < 0 && head.length < MAX_HEADER) {
      const next = await chunks.next().catch((err: Error) => {
        throw new TraceError(`${path}: ${err.message}`);
      });
      if (next.done) break;
      head = Buffer.concat([head, next.value]);
    }
    const end = head.indexOf(10);
    const header = parseHeader(path, head.toString('utf8', 0, Math.max(0, end)));
    if (header.wire !== wire)
      throw new TraceError(
        `${path}: recorded with wire ${header.wire}, this agent reads ${wire}; use agent ${header.agent_version}`,
      );
    return new RecordFileSource(path, header, head.subarray(end + 1), chunks, wholeBytes);
  }

  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const whole = this.wholeBytes(this.rest);
      if (whole > 0) {
        const batch = this.rest.subarray(0, whole);
        this.rest = this.rest.subarray(whole);
        return batch;
      }
      const more = await this.chunks.next();
      if (more.done) break;
      this.rest = Buffer.concat([this.rest, more.value]);
    }
    this.truncated = this.rest.length;
    return undefined;
  }

  async close(): Promise<void> {
    await this.chunks.return?.();
  }
}

function parseHeader(path: string, line: string): TraceHeader {
  try {
    const header = JSON.parse(line) as TraceHeader;
    if (header.magic === MAGIC) return header;
  } catch {
    // Not JSON: falls through to the one answer there is.
  }
  throw new TraceError(`${path}: not a migwatch record file (no ${MAGIC} header in its first line)`);
}
