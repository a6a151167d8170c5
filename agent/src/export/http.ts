// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import type { World } from '../model/world.js';
import { devicesJson, statusJson } from './api.js';
import { BasicAuth } from './basic_auth.js';
import { formatFor } from './exposition.js';
import type { ListenAddress } from './listen_address.js';
import { Feed } from './live/feed.js';
import type { Log } from './log.js';
import type { Metrics } from './metrics.js';
import { paletteCss } from './palette.js';
import { RECENT_MAX, type Recent } from './recent.js';
import type { Refused } from './refused.js';
import { Scrapes } from './scrapes.js';
import { serve, type Web } from './server.js';
import type { WebConfig } from './web_config.js';

export type { Web } from './server.js';

export interface HttpOptions {
  readonly metrics: Metrics;
  readonly world: World;
  readonly recent: Recent;
  readonly version: string;
  /** Why the agent is not watching (yet); undefined when it is. */
  readonly notReady: () => string | undefined;
  /** TLS, passwords and headers. */
  readonly web: WebConfig;
  /** Counted up here. */
  readonly refused: Refused;
  /** Reads the configuration again; whether it is in force now. undefined: not offered. */
  readonly reload?: () => Promise<boolean>;
  /** What is in force, without secrets; undefined: not offered. */
  readonly config?: () => unknown;
  /** A rule in full by its id, for people who read a violation; undefined: there is none such. */
  readonly rule?: (id: string) => unknown;
  /** ... and as text, as `migwatch rules ID` prints it. */
  readonly ruleText?: (id: string) => string | undefined;
  readonly log: Log;
}

const PAGE = fileURLToPath(new URL('./page/', import.meta.url));
const PALETTE = paletteCss();
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

/** Headers and passwords of the configuration, before anything is served. */
function guard({ web, refused }: HttpOptions, auth: BasicAuth) {
  return async (req: Request, res: Response, next: NextFunction): Promise<void> => {
    web.look();
    const { headers, users } = web.settings;
    res.set(HEADERS).set(headers);
    const answer = users.size ? await auth.check(req.headers.authorization, users) : 'yes';
    if (answer === 'yes') return next();
    refused[answer === 'no' ? 'password' : 'busy']++;
    if (answer === 'no') res.status(401).set('WWW-Authenticate', 'Basic realm="migwatch", charset="UTF-8"');
    else res.status(503).set('Retry-After', '1');
    res.type('text').send(answer === 'no' ? 'unauthorized\n' : 'too many logins at a time\n');
  };
}

/** Asked for by hand or by a script; as Prometheus answers. */
function lifecycle(reload: HttpOptions['reload']) {
  return async (_req: Request, res: Response): Promise<void> => {
    const [status, text] = !reload
      ? [403, 'not enabled; --web.enable-lifecycle enables it']
      : (await reload())
        ? [200, 'read again']
        : [500, 'refused; what was in force stays, the log says why'];
    res.status(Number(status)).type('text').send(`${text}\n`);
  };
}

/** The routes. No body is ever read. */
export function createApp(options: HttpOptions, auth: BasicAuth, feed: Feed): Express {
  const { metrics, world, version, notReady } = options;
  const app = express();
  app.disable('x-powered-by');
  app.use(guard(options, auth));
  const scrapes = new Scrapes(
    (format, into) => metrics.scrape(format, into),
    () => performance.now(),
  );
  app.get('/metrics', (req, res) => scrapes.answer(formatFor(req.headers.accept), res.vary('Accept')));
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
  app.post('/-/reload', lifecycle(options.reload));
  app.put('/-/reload', lifecycle(options.reload));
  app.get('/api/status', (_req, res) => {
    res.json(statusJson(world, metrics, version, notReady()));
  });
  app.get('/api/devices', (_req, res) => {
    res.json(devicesJson(world, metrics));
  });
  app.get('/api/config', (_req, res, next) => {
    if (options.config) res.json(options.config());
    else next();
  });
  app.get('/api/violations', violations(options.recent, world));
  app.get('/api/violations/:n', (req, res, next) => {
    const line = options.recent.one(Number(req.params.n), world.base);
    if (line) res.type('json').send(line);
    else next();
  });
  app.get('/api/rules/:id', (req, res, next) => {
    const rule = options.rule?.(req.params.id);
    if (rule) res.json(rule);
    else next();
  });
  app.get('/rules/:id', (req, res, next) => {
    const text = options.ruleText?.(req.params.id);
    if (text) res.type('text').send(text);
    else next();
  });
  app.get('/api/events', feed.handle);
  app.get('/palette.css', (_req, res) => {
    res.type('css').send(PALETTE);
  });
  app.use(express.static(PAGE, { cacheControl: false }));
  app.use((_req, res) => {
    res.status(404).type('text').send('not found\n');
  });
  app.use(failure(options.log));
  return app;
}

/** Polled each second by every open page: unchanged, it costs a 304 and nothing is built. */
function violations(recent: Recent, world: World) {
  // Counts restart with the agent; the tag must not.
  const life = randomUUID();
  return (req: Request, res: Response): void => {
    const limit = Number(req.query.limit ?? DEFAULT_LIMIT);
    if (!Number.isInteger(limit) || limit < 1) {
      res.status(400).json({ error: `limit: expected 1 to ${RECENT_MAX}` });
      return;
    }
    res.set('ETag', `"${life}-${recent.version}-${limit}"`).type('json');
    if (req.fresh) res.status(304).end();
    else res.send(recent.toJSONBytes(limit, world.base));
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

/** Rejects in words for the operator where the address cannot be had. */
export async function listen(
  options: HttpOptions,
  at: ListenAddress & { readonly fd?: number },
): Promise<Web> {
  const auth = new BasicAuth();
  const feed = new Feed(options);
  const web = await serve(createApp(options, auth, feed), options.web, at, options.refused, options.log);
  return {
    ...web,
    close: async () => {
      feed.close();
      await web.close();
      auth.close();
    },
  };
}
