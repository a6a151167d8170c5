// SPDX-License-Identifier: Apache-2.0
/** Gets items to a collector in the background: bounded, counted, and never waited for. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import type { ExportSink } from '../host_series.js';
import type { Log } from '../log.js';
import { type PartialSuccess, partialSuccess } from './partial_success.js';

/** Items of a request, at most. */
const BATCH = 256;
const ANSWER_MS = 10_000;
/** Of an answer, at most so many are read; what is rejected stands in less. */
const ANSWER_BYTES = 64 << 10;
/** Between two attempts: doubles from the first to the last. */
const BACK_OFF_MS = { first: 1_000, last: 60_000 };
/** What is left at the end has so long to arrive. */
const CLOSE_MS = 2_000;
/** Answers after which the same request may be repeated (OTLP specification, "Retryable Response Codes"). */
const RETRYABLE = new Set([429, 502, 503, 504]);

export interface SenderOptions {
  /** For the metrics: otlp_logs, otlp_traces. */
  readonly name: string;
  /** Where to, e.g. http://127.0.0.1:4318/v1/logs */
  readonly url: URL;
  /** Items that wait, at most. */
  readonly queue: number;
  /** The body of a request with these items. */
  readonly body: (items: readonly Uint8Array[]) => Uint8Array;
  readonly log: Log;
  /** First back-off, ms; for tests. */
  readonly backOffMs?: number;
}

/** The collector does not want this, now or ever. */
class Refused extends Error {
  constructor(
    readonly status: number,
    readonly retryAfterMs: number | undefined,
  ) {
    super(`it answered ${status}`);
  }

  get forGood(): boolean {
    return !RETRYABLE.has(this.status);
  }
}

function retryAfterMs({ headers }: IncomingMessage): number | undefined {
  const seconds = Number(headers['retry-after']);
  return seconds > 0 ? seconds * 1000 : undefined;
}

/** Its first ANSWER_BYTES. */
async function bodyOf(res: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of res as AsyncIterable<Buffer>) {
    if (length < ANSWER_BYTES) parts.push(part);
    length += part.length;
  }
  return Buffer.concat(parts).subarray(0, ANSWER_BYTES);
}

/** Resolves when the collector has taken the body, with what of it it rejects. */
function post(url: URL, body: Uint8Array, signal: AbortSignal): Promise<PartialSuccess> {
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const headers = { 'Content-Type': 'application/x-protobuf', 'Content-Length': body.length };
  return new Promise((resolve, reject) => {
    const req = send(url, { method: 'POST', headers, signal, timeout: ANSWER_MS }, (res) => {
      bodyOf(res).then((answer) => {
        const { statusCode = 0 } = res;
        if (statusCode >= 200 && statusCode < 300) resolve(partialSuccess(answer));
        else reject(new Refused(statusCode, retryAfterMs(res)));
      }, reject);
    });
    req.once('timeout', () => req.destroy(new Error(`no answer in ${ANSWER_MS / 1000} s`)));
    req.once('error', reject);
    req.end(body);
  });
}

export class Sender implements ExportSink {
  readonly name: string;
  exported = 0;
  dropped = 0;
  /** Requests that failed; they are repeated, unless the collector refused them for good. */
  errors = 0;
  private readonly waiting: Uint8Array[] = [];
  private readonly stopped = new AbortController();
  private pump: Promise<void> | undefined;
  private closing = false;
  private failing = false;
  /** What the collector said last of what it took: the same words are logged once. */
  private complaint = '';

  constructor(private readonly options: SenderOptions) {
    this.name = options.name;
  }

  /** Neither waits nor throws. */
  add(item: Uint8Array): void {
    if (this.closing || this.waiting.length >= this.options.queue) {
      this.dropped++;
      return;
    }
    this.waiting.push(item);
    this.pump ??= this.drain().finally(() => {
      this.pump = undefined;
    });
  }

  /** What cannot be sent soon is dropped, and counted. */
  async close(): Promise<void> {
    this.closing = true;
    const late = setTimeout(() => this.stopped.abort(), CLOSE_MS);
    await this.pump;
    clearTimeout(late);
  }

  private async drain(): Promise<void> {
    const first = this.options.backOffMs ?? BACK_OFF_MS.first;
    let wait = first;
    // A turn of the loop later: a batch is whatever one batch of records gave.
    for (await pause(0); this.waiting.length > 0; ) {
      const items = this.waiting.slice(0, BATCH);
      try {
        const partial = await post(this.options.url, this.options.body(items), this.stopped.signal);
        this.waiting.splice(0, items.length);
        this.taken(items.length, partial);
        wait = first;
      } catch (err) {
        if (this.stopped.signal.aborted) break;
        this.failed(err as Error);
        if (err instanceof Refused && err.forGood) this.drop(items.length);
        else await this.pause((err as Partial<Refused>).retryAfterMs ?? wait);
        wait = Math.min(wait * 2, BACK_OFF_MS.last);
      }
    }
    this.drop(this.waiting.length);
  }

  private async pause(ms: number): Promise<void> {
    await pause(Math.min(ms, BACK_OFF_MS.last), undefined, { signal: this.stopped.signal }).catch(() => {});
  }

  private drop(items: number): void {
    this.waiting.splice(0, items);
    this.dropped += items;
  }

  private failed(error: Error): void {
    this.errors++;
    if (this.failing) return;
    this.failing = true;
    const { url, log } = this.options;
    log('error', 'collector cannot be reached; watching goes on', { url: url.href, error: error.message });
  }

  /** A collector that rejects some of them would reject them again. */
  private taken(items: number, { rejected, message }: PartialSuccess): void {
    const { url, log } = this.options;
    const lost = Math.min(items, rejected);
    this.exported += items - lost;
    this.dropped += lost;
    if ((lost > 0 || message) && message !== this.complaint)
      log('warn', 'the collector rejects some of what it takes', { url: url.href, rejected: lost, message });
    this.complaint = message;
    if (!this.failing) return;
    this.failing = false;
    log('info', 'collector is reached again', { url: url.href, dropped: this.dropped });
  }
}
