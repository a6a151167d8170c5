// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Refused } from './refused.js';

/** As http and TLS sockets alike tell it. */
const peer = (s: Socket) => `${s.remoteAddress} ${s.remotePort}`;

/** Keeps a server's connections below a number. */
class Connections {
  private readonly open = new Map<string, Socket>();
  /** Of these, those whose request is not complete, the oldest first. */
  private readonly waiting = new Set<string>();

  constructor(
    private readonly max: number,
    private readonly refused: Refused,
  ) {}

  accept(socket: Socket): void {
    const key = peer(socket);
    if (this.open.size >= this.max && !this.makeRoom()) {
      socket.destroy();
      return;
    }
    this.open.set(key, socket);
    this.waiting.add(key);
    socket.once('close', () => {
      if (this.open.get(key) === socket) this.forget(key);
    });
  }

  serve(req: IncomingMessage, res: ServerResponse): void {
    const key = peer(req.socket);
    this.waiting.delete(key);
    res.once('close', () => {
      if (this.open.has(key)) this.waiting.add(key);
    });
  }

  private makeRoom(): boolean {
    this.refused.connections++;
    const [oldest] = this.waiting;
    if (oldest === undefined) return false;
    this.open.get(oldest)?.destroy();
    this.forget(oldest);
    return true;
  }

  private forget(key: string): void {
    this.open.delete(key);
    this.waiting.delete(key);
  }
}

/**
 * No more than `max` connections. A new one takes the place of the one that has waited longest without a
 * request: clients that connect and say nothing, or little, keep nobody out.
 */
export function boundConnections(server: Server, max: number, refused: Refused): void {
  const connections = new Connections(max, refused);
  server.prependListener('connection', (socket: Socket) => connections.accept(socket));
  server.on('request', (req, res) => connections.serve(req, res));
}
