// SPDX-License-Identifier: Apache-2.0
/**
 * /api/events: server-sent events for open pages. A client gets `snapshot` first, then `change`. Each frame is
 * built once for all clients, and what it costs is bounded: a fixed number of clients, a
 * fixed queue for each, and never more than a twentieth of the thread's time. A client that
 * does not keep up misses frames and gets a fresh snapshot when it has read what it was sent.
 */
import type { Request, Response } from 'express';
import { Picture, type PictureOptions } from './picture.js';

export const MAX_CLIENTS = 16;
/** Between frames, ms. */
const EVERY_MS = 200;
/** A frame that took long to build makes the next wait for this many times as long. */
const SHARE = 20;
/** Without anything to tell: proxies and the page itself take silence for a dead connection. */
const BEAT_MS = 5_000;
/** Not yet taken by the client. Above it, it gets nothing more. */
export const QUEUE_BYTES = 1 << 20;

interface Client {
  readonly res: Response;
  /** Waits for a snapshot. */
  stale: boolean;
  /** When it was last written to, ms. */
  at: number;
}

export class Feed {
  private readonly clients = new Set<Client>();
  private readonly picture: Picture;
  private timer: NodeJS.Timeout | undefined;

  constructor(options: PictureOptions) {
    this.picture = new Picture(options);
  }

  /** The route. */
  readonly handle = (req: Request, res: Response): void => {
    if (this.clients.size >= MAX_CLIENTS) {
      res.status(503).set('Retry-After', '10').type('text').send(`${MAX_CLIENTS} pages are open already\n`);
      return;
    }
    const client = { res, stale: true, at: 0 };
    this.clients.add(client);
    req.socket.setNoDelay(true);
    res.on('close', () => this.left(client));
    res.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' });
    res.flushHeaders();
    // Not at once: clients that come together share a snapshot, and one that comes again and again costs no more.
    this.timer ??= this.later(0);
  };

  close(): void {
    for (const { res } of this.clients) res.end();
    clearTimeout(this.timer);
  }

  private left(client: Client): void {
    this.clients.delete(client);
    if (this.clients.size > 0) return;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private later(tookMs: number): NodeJS.Timeout {
    return setTimeout(() => this.tell(), Math.max(EVERY_MS, tookMs * SHARE)).unref();
  }

  private tell(): void {
    const began = performance.now();
    const change = this.picture.changes();
    let all: string | undefined;
    for (const client of this.clients) {
      if (client.res.writableLength > QUEUE_BYTES) client.stale = true;
      if (client.stale && client.res.writableLength === 0) {
        all ??= this.picture.all();
        send(client, 'snapshot', all, began);
        client.stale = false;
      } else if (!client.stale && (change || began - client.at > BEAT_MS))
        send(client, 'change', change ?? this.picture.beat(), began);
    }
    this.timer = this.later(performance.now() - began);
  }
}

function send(client: Client, event: string, data: string, at: number): void {
  client.res.write(`event: ${event}\ndata: ${data}\n\n`);
  client.at = at;
}
