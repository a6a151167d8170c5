// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import type { World } from '../model/world.js';
import { devicesJson, statusJson } from './api.js';
import { formatListenAddress, type ListenAddress } from './listen_address.js';
import type { Log } from './log.js';
import type { Metrics } from './metrics.js';
import { RECENT_MAX, type Recent } from './recent.js';

export interface HttpOptions {
  readonly metrics: Metrics;
  readonly world: World;
  readonly recent: Recent;
  readonly version: string;
  /** Why the agent is not watching (yet); undefined when it is. */
  readonly notReady: () => string | undefined;
  readonly log: Log;
}

export interface Web {
  /** Where it listens, with the port the system chose if 0 was asked for. */
  readonly address: string;
  close(): Promise<void>;
}

const PAGE = fileURLToPath(new URL('./page/', import.meta.url));
const DEFAULT_LIMIT = 100;

const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  // A proxy or browser may keep it but must ask: everything here changes by the second.
  'Cache-Control': 'no-cache',
};

/** The routes. No body is ever read. */
export function createApp(options: HttpOptions): Express {
  const { metrics, world, version, notReady } = options;
  const app = express();
  app.disable('x-powered-by');
  app.use((_req, res, next) => {
    res.set(HEADERS);
    next();
  });
  app.get('/metrics', async (_req, res) => {
    res.set('Content-Type', metrics.contentType).send(await metrics.scrape());
  });
  app.get('/-/healthy', (_req, res) => {
    res.type('text').send('healthy\n');
  });
  app.get('/-/ready', (_req, res) => {
    const why = notReady();
    res
      .status(why === undefined ? 200 : 503)
      .type('text')
      .send(`${why ?? 'ready'}\n`);
  });
  app.get('/api/status', (_req, res) => {
    res.json(statusJson(world, metrics, version, notReady()));
  });
  app.get('/api/devices', (_req, res) => {
    res.json(devicesJson(world, metrics));
  });
  app.get('/api/violations', violations(options.recent));
  app.use(express.static(PAGE, { cacheControl: false }));
  app.use((_req, res) => {
    res.status(404).type('text').send('not found\n');
  });
  app.use(failure(options.log));
  return app;
}

/** Polled each second by every open page: unchanged, it costs a 304 and nothing is built. */
function violations(recent: Recent) {
  // Counts restart with the agent; the tag must not.
  const life = randomUUID();
  return (req: Request, res: Response): void => {
    const limit = Number(req.query.limit ?? DEFAULT_LIMIT);
    if (!Number.isInteger(limit) || limit < 1) {
      res.status(400).json({ error: `limit: expected 1 to ${RECENT_MAX}` });
      return;
    }
    res.set('ETag', `"${life}-${recent.made}-${limit}"`).type('json');
    if (req.fresh) res.status(304).end();
    else res.send(recent.toJSONBytes(limit));
  };
}

/** Express recognises it by its four parameters. Never a stack trace to the outside. */
function failure(log: Log) {
  return (error: unknown, req: Request, res: Response, next: NextFunction): void => {
    const status = (error as { status?: number } | undefined)?.status ?? 500;
    if (status >= 500) log('error', 'request failed', { path: req.path, error: String(error) });
    if (res.headersSent) next(error);
    else
      res
        .status(status)
        .type('text')
        .send(status >= 500 ? 'internal error\n' : 'bad request\n');
  };
}

function listenError(error: NodeJS.ErrnoException, at: ListenAddress): Error {
  const where = formatListenAddress(at);
  const also = 'choose another with --web.listen-address';
  switch (error.code) {
    case 'EADDRINUSE':
      return new Error(
        `cannot listen on ${where}: the port is in use. Stop what holds it (ss -ltnp 'sport = :${at.port}') or ${also}`,
      );
    case 'EACCES':
      return new Error(`cannot listen on ${where}: no permission for ports below 1024; ${also}`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new Error(`cannot listen on ${where}: no such address on this host; ${also}`);
    default:
      return new Error(`cannot listen on ${where}: ${error.message}`);
  }
}

/** Bounds, so that a slow or greedy client costs little. ms */
function bound(server: Server): void {
  server.headersTimeout = 5_000;
  server.requestTimeout = 10_000;
  server.timeout = 30_000;
  server.maxConnections = 64;
}

/** Rejects in words for the operator where the address cannot be had. */
export async function listen(options: HttpOptions, at: ListenAddress): Promise<Web> {
  const server = createServer(createApp(options));
  bound(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, at)));
    server.listen({ port: at.port, host: at.host }, resolve);
  });
  server.on('error', (error) => options.log('error', 'http server', { error: error.message }));
  const { port } = server.address() as AddressInfo;
  return {
    address: formatListenAddress({ host: at.host, port }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
