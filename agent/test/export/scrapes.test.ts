// SPDX-License-Identifier: Apache-2.0
/** Texts of /metrics are written where earlier ones were: never where somebody still reads. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import express, { type Response } from 'express';
import { Scrapes } from '../../src/export/scrapes.js';
import type { TextBuffer } from '../../src/export/text_buffer.js';

/** More than the system keeps for a reader who does not read. */
const TEXT_BYTES = 16 << 20;
const TEXTS = 8;

test('a slow reader gets one text whole, whatever is written meanwhile, and memory is used again', async () => {
  let made = 0;
  const buffers = new Set<TextBuffer>();
  const scrapes = new Scrapes(
    async (_format, into) => {
      buffers.add(into);
      into.clear();
      into.add(String.fromCharCode(65 + (made++ % 26)).repeat(TEXT_BYTES));
    },
    () => made * 1000,
  );
  const app = express();
  app.get('/metrics', (_req, res: Response) => scrapes.answer('text', res));
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const url = `http://127.0.0.1:${port}/metrics`;

  const slow = (await fetch(url)).body?.getReader();
  const first = (await slow?.read())?.value?.[0];
  for (let n = 0; n < TEXTS; n++) {
    const text = await (await fetch(url)).text();
    assert.equal(text, (text[0] ?? '').repeat(TEXT_BYTES), `text ${n}`);
  }
  for (let part = await slow?.read(); part && !part.done; part = await slow?.read())
    assert.ok(
      part.value.every((byte: number) => byte === first),
      'the slow reader has parts of two texts',
    );
  assert.equal(made, TEXTS + 1);
  assert.ok(buffers.size <= 3, `${buffers.size} buffers`);
  server.close();
  server.closeAllConnections();
});
