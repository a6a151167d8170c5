// SPDX-License-Identifier: Apache-2.0
/** The socket: addresses, TLS, and bounds that keep a slow or greedy client from costing much. */
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { boundConnections } from './connections.js';
import { formatListenAddress, type ListenAddress } from './listen_address.js';
import type { Log } from './log.js';
import type { Refused } from './refused.js';
import type { WebConfig } from './web_config.js';

const MAX_CONNECTIONS = 256;
const HANDSHAKE_MS = 5_000;
/** Without a byte, either way, while a response is under way. */
const STALLED_MS = 30_000;
/** Longer than a common scrape interval: the next scrape needs no new handshake. */
const KEEP_ALIVE_MS = 75_000;

const LIMITS: ServerOptions = {
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  /** Node looks for those that are late only so often; by default each half minute. */
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: KEEP_ALIVE_MS,
  maxHeaderSize: 16 << 10,
};

export interface Web {
  /** Where it listens, with the port the system chose if 0 was asked for. */
  readonly address: string;
  readonly scheme: 'http' | 'https';
  close(): Promise<void>;
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

/** Whether a client's certificate, or that it has none, is what the configuration asks for. */
function acceptable(socket: TLSSocket, config: WebConfig): boolean {
  const given = Object.keys(socket.getPeerCertificate()).length > 0;
  switch (config.settings.tls?.clientAuth) {
    case 'RequireAnyClientCert':
      return given;
    case 'VerifyClientCertIfGiven':
      return !given || socket.authorized;
    case 'RequireAndVerifyClientCert':
      return socket.authorized;
    default:
      return true;
  }
}

function tlsServer(config: WebConfig, app: RequestListener, refused: Refused): Server {
  const server = createTlsServer(
    {
      ...LIMITS,
      ...config.secure,
      handshakeTimeout: HANDSHAKE_MS,
      requestCert: config.settings.tls?.clientAuth !== 'NoClientCert',
      // Which certificates do may change while it listens: acceptable() says.
      rejectUnauthorized: false,
    },
    app,
  );
  config.onChange = () => {
    if (config.secure) server.setSecureContext(config.secure);
  };
  // Before the handshake begins: a renewed certificate is used from the next connection on.
  server.prependListener('connection', () => config.look());
  server.prependListener('secureConnection', (socket: TLSSocket) => {
    if (acceptable(socket, config)) return;
    refused.certificate++;
    socket.destroy();
  });
  return server;
}

/** Rejects in words for the operator where the address cannot be had. */
export async function serve(
  app: RequestListener,
  config: WebConfig,
  at: ListenAddress & { readonly fd?: number },
  refused: Refused,
  log: Log,
): Promise<Web> {
  const server = config.secure ? tlsServer(config, app, refused) : createServer(LIMITS, app);
  server.timeout = STALLED_MS;
  boundConnections(server, MAX_CONNECTIONS, refused);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, at)));
    server.listen(at.fd === undefined ? { port: at.port, host: at.host } : { fd: at.fd }, resolve);
  });
  server.on('error', (error) => log('error', 'http server', { error: error.message }));
  const { address, port } = server.address() as AddressInfo;
  return {
    address: formatListenAddress({ host: at.fd === undefined ? at.host : address, port }),
    scheme: config.secure ? 'https' : 'http',
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
