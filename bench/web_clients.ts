// SPDX-License-Identifier: Apache-2.0
/** Clients of bench/web, good and bad. Those that go on do so until their signal is aborted. */
import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const READ_BYTES = 256 << 10;

/** The text of one scrape; over a connection of its own unless an agent has one. */
export function scrape(url: string, agent: Agent | false = false): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const request = get(`${url}metrics`, { agent }, (reply) => {
      const parts: Buffer[] = [];
      reply.on('data', (part) => parts.push(part));
      reply.on('error', reject);
      reply.on('end', () => resolve(Buffer.concat(parts)));
    });
    request.on('error', reject);
  });
}

const HEAD_END = '\r\n\r\n';
const LENGTH = /^content-length: (\d+)$/im;

/** How long one scrape takes, ms. The client’s own cost is small: bytes are read to one place over and over, not parsed or kept. */
export function timed(url: string): Promise<number> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let [head, got, wanted] = ['', 0, Number.POSITIVE_INFINITY];
    const take = (n: number, into: Uint8Array) => {
      if (wanted === Number.POSITIVE_INFINITY) {
        head += Buffer.from(into.buffer, into.byteOffset, n).toString('latin1');
        const end = head.indexOf(HEAD_END);
        if (end >= 0) wanted = end + HEAD_END.length + Number(LENGTH.exec(head.slice(0, end))?.[1]);
      }
      got += n;
      if (got < wanted) return true;
      resolve(performance.now() - began);
      socket.destroy();
      return false;
    };
    const began = performance.now();
    const onread = { buffer: Buffer.allocUnsafe(READ_BYTES), callback: take };
    const socket = connect({ host: hostname, port: Number(port), onread });
    socket.on('error', reject);
    socket.write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n');
  });
}

/** Scrapes as fast as answers come; what it got. */
export async function greedy(url: string, signal: AbortSignal): Promise<{ done: number; failed: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let [done, failed] = [0, 0];
  while (!signal.aborted)
    try {
      await scrape(url, agent);
      done++;
    } catch {
      failed++;
      await sleep(10);
    }
  agent.destroy();
  return { done, failed };
}

interface Sending {
  readonly first: string;
  /** Sent again and again, with so many ms between. */
  readonly more: string;
  readonly everyMs: number;
  /** Whether it takes what the server answers. */
  readonly reads: boolean;
}

/** A header that never ends, a byte at a time. */
export const SLOW_LORIS: Sending = {
  first: 'GET /metrics HTTP/1.1\r\nX-Slow: ',
  more: 'a',
  everyMs: 500,
  reads: true,
};
/** Four times the headers that the server takes. */
export const OVERSIZED: Sending = {
  first: `GET /metrics HTTP/1.1\r\nX-Large: ${'a'.repeat(64 << 10)}\r\n\r\n`,
  more: '',
  everyMs: 1000,
  reads: true,
};
/** Asks for one text after the other, and reads none. */
export const UNREAD: Sending = {
  first: '',
  more: 'GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n',
  everyMs: 200,
  reads: false,
};

/** A client that is bad in this way, over and over; how often the server cut it off. */
export async function bad(url: string, signal: AbortSignal, what: Sending): Promise<number> {
  const { hostname, port } = new URL(url);
  let cut = 0;
  while (!signal.aborted) {
    const socket = connect(Number(port), hostname);
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => {});
    if (what.reads) socket.resume();
    socket.write(what.first);
    const timer = setInterval(() => socket.write(what.more), what.everyMs);
    const stop = () => socket.destroy();
    signal.addEventListener('abort', stop);
    await closed;
    signal.removeEventListener('abort', stop);
    clearInterval(timer);
    if (!signal.aborted) cut++;
  }
  return cut;
}
