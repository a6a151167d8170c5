// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
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
}

/**
 * One JSON line per violation, appended. append() neither waits nor throws: what
 * does not fit the queue is counted as dropped, what the disk does not take is
 * counted as an error.
 */
export class ViolationsFile implements ExportSink {
  readonly name = 'violations_file';
  /** Lines dropped because the queue was full. */
  dropped = 0;
  /** Lines that could not be written. */
  errors = 0;
  private readonly queue: string[] = [];
  private readonly max: number;
  private file: FileHandle | undefined;
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
      this.file = await open(this.path, FLAGS, MODE);
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
      const file = await this.current();
      await this.writeAll(file, Buffer.from(`${this.torn ? '\n' : ''}${line}\n`));
      this.torn = false;
      this.worked();
    } catch (error) {
      this.failed(error);
    }
  }

  private async writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await file.write(bytes, done);
      done += bytesWritten;
      this.torn = bytesWritten > 0 || this.torn;
    }
  }

  /** The file now at the path: the one that is open, or a new one if that was moved away. */
  private async current(): Promise<FileHandle> {
    const now = this.options.now();
    if (this.file && now - this.checkedAt >= CHECK_MS) {
      this.checkedAt = now;
      if (await this.moved(this.file)) await this.release();
    }
    if (!this.file) {
      this.file = await open(this.path, FLAGS, MODE);
      this.torn = false;
    }
    return this.file;
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
