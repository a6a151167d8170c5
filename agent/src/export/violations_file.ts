// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { type FileHandle, open, rename, stat } from 'node:fs/promises';
import type { ExportSink } from './host_series.js';
import type { Log } from './log.js';

const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants;
/** Non-blocking matters for a FIFO that nobody reads: an error is counted, a stuck thread is not. */
const FLAGS = O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK;
const MODE = 0o600;
/** At most this often it is looked up whether logrotate has moved the file, ms. */
const CHECK_MS = 1_000;

export interface ViolationsFileOptions {
  readonly log: Log;
  /** A clock in ms; Date.now in production. */
  readonly now: () => number;
  /** Lines waiting to be written, at most. */
  readonly queue?: number;
  /** Before it would grow beyond this the file becomes PATH.1, in place of that, and a new one begins; 0: never. */
  readonly maxBytes?: number;
}

/**
 * One JSON line per violation, appended. append() neither waits nor throws: what
 * does not fit the queue is counted as dropped, what the disk does not take is
 * counted as an error.
 */
export class ViolationsFile implements ExportSink {
  readonly name = 'violations_file';
  /** Lines written. */
  exported = 0;
  /** Lines dropped because the queue was full. */
  dropped = 0;
  /** Lines that could not be written. */
  errors = 0;
  private readonly queue: string[] = [];
  private readonly max: number;
  private file: FileHandle | undefined;
  /** Of the file; only a regular one has any. */
  private size = 0;
  private checkedAt = 0;
  private failing = false;
  /** A write stopped in the middle of a line: the next one starts on a new line. */
  private torn = false;
  private pump: Promise<void> | undefined;
  private closed = false;

  constructor(
    private readonly path: string,
    private readonly options: ViolationsFileOptions,
  ) {
    this.max = options.queue ?? 1_024;
  }

  /** Rejects, in words for the operator, where the file cannot be written. */
  async open(): Promise<void> {
    try {
      await this.begin();
      this.checkedAt = this.options.now();
    } catch (error) {
      throw new Error(`--violations.file=${this.path}: cannot be opened for appending: ${why(error)}`);
    }
  }

  append(line: string): void {
    if (this.closed || this.queue.length >= this.max) {
      this.dropped++;
      return;
    }
    this.queue.push(line);
    this.pump ??= this.drain();
  }

  /** Resolves when everything appended so far has been written or counted. */
  async flush(): Promise<void> {
    await this.pump;
  }

  /** Flushes; what is appended afterwards is dropped. */
  async close(): Promise<void> {
    this.closed = true;
    await this.flush();
    await this.release();
  }

  private async drain(): Promise<void> {
    for (let line = this.queue[0]; line !== undefined; line = this.queue[0]) {
      await this.write(line);
      // Only now: the line being written counts as queued.
      this.queue.shift();
    }
    this.pump = undefined;
  }

  private async write(line: string): Promise<void> {
    try {
      const bytes = Buffer.from(`${line}\n`);
      const file = await this.current(bytes.length);
      await this.writeAll(file, this.torn ? Buffer.concat([Buffer.from('\n'), bytes]) : bytes);
      this.torn = false;
      this.exported++;
      this.worked();
    } catch (error) {
      this.failed(error);
    }
  }

  private async writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await file.write(bytes, done);
      done += bytesWritten;
      this.size += bytesWritten;
      this.torn = bytesWritten > 0 || this.torn;
    }
  }

  /** The file now at the path, with room for so many bytes: a new one if that was moved away or is full. */
  private async current(bytes: number): Promise<FileHandle> {
    const now = this.options.now();
    if (this.file && now - this.checkedAt >= CHECK_MS) {
      this.checkedAt = now;
      if (await this.moved(this.file)) await this.release();
    }
    const file = this.file ?? (await this.begin());
    const { maxBytes = 0 } = this.options;
    // An empty file takes a line of any length.
    return maxBytes > 0 && this.size > 0 && this.size + bytes > maxBytes ? this.rotate(file) : file;
  }

  private async begin(): Promise<FileHandle> {
    const file = await open(this.path, FLAGS, MODE);
    const stats = await file.stat();
    this.file = file;
    // What is no regular file (/dev/stdout, a FIFO) is never full, and never renamed.
    this.size = stats.isFile() ? stats.size : Number.NEGATIVE_INFINITY;
    this.torn = false;
    return file;
  }

  /** Where the folder does not allow it the file grows on: better too long than not written. */
  private async rotate(file: FileHandle): Promise<FileHandle> {
    try {
      // Within this second somebody may have put another file there, which is not ours to move.
      if (!(await this.moved(file))) await rename(this.path, `${this.path}.1`);
    } catch (error) {
      this.size = 0;
      this.options.log('warn', 'violations file cannot be rotated; it grows on', {
        file: this.path,
        error: why(error),
      });
      return file;
    }
    await this.release();
    return this.begin();
  }

  private async moved(file: FileHandle): Promise<boolean> {
    const mine = await file.stat();
    const there = await stat(this.path).catch(() => undefined);
    return there?.ino !== mine.ino || there.dev !== mine.dev;
  }

  private async release(): Promise<void> {
    const { file } = this;
    this.file = undefined;
    // A failing close (NFS) says no more than the failing write before it.
    await file?.close().catch(() => undefined);
  }

  private failed(error: unknown): void {
    this.errors++;
    if (this.failing) return;
    this.failing = true;
    this.options.log('error', 'violations file cannot be written; watching goes on', {
      file: this.path,
      error: why(error),
    });
  }

  private worked(): void {
    if (!this.failing) return;
    this.failing = false;
    this.options.log('info', 'violations file is written again', {
      file: this.path,
      lines_lost: this.errors,
    });
  }
}

function why(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
