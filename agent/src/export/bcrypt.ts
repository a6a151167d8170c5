// SPDX-License-Identifier: Apache-2.0
/** The near end of bcrypt_worker.ts. The thread is there while there is something to compare. */
import { Worker } from 'node:worker_threads';
import type { Answer, Question } from './bcrypt_worker.js';

/** A thread that has nothing to do ends after this, ms: it takes some MB. */
const IDLE_MS = 10_000;

interface Asked {
  readonly answer: (same: boolean) => void;
  readonly fail: (err: Error) => void;
}

export class Bcrypt {
  private worker: Worker | undefined;
  private idle: NodeJS.Timeout | undefined;
  private readonly asked = new Map<number, Asked>();
  private ids = 0;

  /** Comparisons under way or waiting for their turn. */
  get queued(): number {
    return this.asked.size;
  }

  compare(password: string, hash: string): Promise<boolean> {
    clearTimeout(this.idle);
    this.worker ??= this.start();
    const question: Question = { id: this.ids++, password, hash };
    return new Promise((answer, fail) => {
      this.asked.set(question.id, { answer, fail });
      this.worker?.postMessage(question);
    });
  }

  close(): void {
    clearTimeout(this.idle);
    void this.worker?.terminate();
    this.worker = undefined;
  }

  private start(): Worker {
    const worker = new Worker(new URL('./bcrypt_worker.js', import.meta.url));
    worker.unref();
    worker.on('message', ({ id, same }: Answer) => {
      this.asked.get(id)?.answer(same);
      this.asked.delete(id);
      if (this.asked.size === 0) this.idle = setTimeout(() => this.close(), IDLE_MS).unref();
    });
    worker.on('error', (err) => {
      this.worker = undefined;
      for (const { fail } of this.asked.values()) fail(err);
      this.asked.clear();
    });
    return worker;
  }
}
