// SPDX-License-Identifier: Apache-2.0
/** The near end of worker.ts: a bounded queue into it, and what it has to say. */
import { Worker } from 'node:worker_threads';
import type { FromWriter, Setup, ToWriter } from './messages.js';

/** Bytes of a trace on their way to the disk, at most, unless it asks for more. */
const MAX_QUEUED = 64 << 20;

/** Told when packets of a trace could not be written, and when they could again. */
export interface WriterEvents {
  failed(events: number, error: string): void;
  worked(): void;
}

export interface NewTrace {
  /** Of its folder. */
  readonly name: string;
  readonly uuid: string;
  readonly metadata: string;
}

export class WriterThread {
  private readonly worker: Worker;
  private readonly listeners = new Map<number, WriterEvents>();
  private readonly waiting: (() => void)[] = [];
  private readonly queues = new Map<number, { queued: number; taken: number; readonly most: number }>();
  private traces = 0;
  private dead: Error | undefined;

  constructor(setup: Setup) {
    this.worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: setup });
    // It must not keep the process alive: close() waits for what is queued.
    this.worker.unref();
    this.worker.on('message', (m: FromWriter) => this.hear(m));
    this.worker.on('error', (err) => this.died(err));
  }

  /** Begins a trace; if its folder cannot be made, that is a failure like any other. */
  start(what: NewTrace, events: WriterEvents, mostQueued = MAX_QUEUED): number {
    const trace = ++this.traces;
    this.queues.set(trace, { queued: 0, taken: 0, most: mostQueued });
    this.listeners.set(trace, events);
    this.post({ op: 'open', trace, ...what });
    return trace;
  }

  /** Begins a trace; rejects if its folder cannot be made. */
  async open(what: NewTrace, events: WriterEvents): Promise<number> {
    let problem: string | undefined;
    const failed = (_: number, error: string) => {
      problem ??= error;
    };
    const trace = this.start(what, { failed, worked: () => {} });
    await this.sync();
    if (problem !== undefined) throw new Error(problem);
    this.listeners.set(trace, events);
    return trace;
  }

  segment(trace: number, reserve: number): void {
    this.post({ op: 'segment', trace, reserve });
  }

  /** False: the queue is full, and nothing was taken. `records` must not change any more. */
  packet(
    trace: number,
    records: Uint8Array<SharedArrayBuffer>,
    { preamble = false, missing = 0 } = {},
  ): boolean {
    const queue = this.queues.get(trace);
    if (this.dead || !queue || queue.queued + records.length > queue.most) return false;
    queue.queued += records.length;
    this.post({ op: 'packet', trace, records, preamble, missing });
    return true;
  }

  /** Bytes of the trace's packets that the thread is done with: their memory may be used again. */
  taken(trace: number): number {
    return this.queues.get(trace)?.taken ?? 0;
  }

  closeTrace(trace: number): void {
    this.post({ op: 'close', trace });
  }

  /** When all that was posted has been dealt with. */
  sync(): Promise<void> {
    if (this.dead) return Promise.resolve();
    this.worker.ref();
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.post({ op: 'sync' });
    });
  }

  async close(): Promise<void> {
    await this.sync();
    await this.worker.terminate();
  }

  private post(m: ToWriter): void {
    if (!this.dead) this.worker.postMessage(m);
  }

  private hear(m: FromWriter): void {
    switch (m.op) {
      case 'took': {
        const queue = this.queues.get(m.trace);
        if (!queue) return;
        queue.queued -= m.bytes;
        queue.taken += m.bytes;
        return;
      }
      case 'synced':
        this.waiting.shift()?.();
        if (this.waiting.length === 0) this.worker.unref();
        return;
      case 'failed':
        this.listeners.get(m.trace)?.failed(m.events, m.error);
        return;
      case 'worked':
        this.listeners.get(m.trace)?.worked();
        return;
      default:
        m satisfies never;
    }
  }

  private died(err: Error): void {
    this.dead = err;
    for (const listener of this.listeners.values()) listener.failed(0, err.message);
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}
