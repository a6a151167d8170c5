// SPDX-License-Identifier: Apache-2.0
/** A collector on loopback that reads OTLP by OpenTelemetry's own definitions and answers as it is told. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import root from '@opentelemetry/otlp-transformer/build/src/generated/root.js';

/** Their types are of another version of protobufjs than ours. */
interface MessageType {
  decode(bytes: Uint8Array): unknown;
  encode(message: object): { finish(): Uint8Array };
  toObject(message: unknown, options: object): Record<string, unknown>;
}
type Collector = Record<string, { v1: Record<string, MessageType> }>;
const { collector } = (root as unknown as { opentelemetry: { proto: { collector: Collector } } })
  .opentelemetry.proto;
const BY_PATH: Record<string, MessageType | undefined> = {
  '/v1/logs': collector.logs?.v1.ExportLogsServiceRequest,
  '/v1/traces': collector.trace?.v1.ExportTraceServiceRequest,
};

/** An answer for logs, of which it rejects so many. */
export const rejecting = (rejectedLogRecords: number, errorMessage: string): Uint8Array | undefined =>
  collector.logs?.v1.ExportLogsServiceResponse?.encode({
    partialSuccess: { rejectedLogRecords, errorMessage },
  }).finish();

export interface Received {
  readonly path: string;
  readonly type: string | undefined;
  readonly body: Record<string, unknown>;
}

async function read(req: IncomingMessage): Promise<Received> {
  const parts: Buffer[] = [];
  for await (const part of req) parts.push(part);
  const path = req.url ?? '';
  const kind = BY_PATH[path];
  if (!kind) throw new Error(`no signal has the path ${path}`);
  const options = { longs: String, bytes: String, enums: String };
  return {
    path,
    type: req.headers['content-type'],
    body: kind.toObject(kind.decode(Buffer.concat(parts)), options),
  };
}

/** Gone with the test. `answer` is asked for the status of each request; undefined: there is none. `body` comes with each. */
export async function collectorAt(
  t: TestContext,
  answer: (n: number) => number | undefined = () => 200,
  body?: Uint8Array,
) {
  const received: Received[] = [];
  const waiting: (() => void)[] = [];
  let asked = 0;
  const server = createServer((req, res) => {
    void read(req).then((request) => {
      const status = answer(asked++);
      if (status === 200) received.push(request);
      if (status !== undefined) res.writeHead(status).end(body);
      for (const wake of waiting.splice(0)) wake();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    endpoint: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    received,
    /** Resolves after so many requests. */
    requests: async (n: number) => {
      while (asked < n) await new Promise<void>((resolve) => waiting.push(resolve));
    },
  };
}
