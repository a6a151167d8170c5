// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { listen, type Web } from '../../src/export/http.js';
import { parseListenAddress } from '../../src/export/listen_address.js';
import { MAX_CLIENTS } from '../../src/export/live/feed.js';
import type { LiveDevice } from '../../src/export/live/lane.js';
import { Recent } from '../../src/export/recent.js';
import { violationJson } from '../../src/export/violation_json.js';
import { State } from '../../src/model/fsm.js';
import { found, Host, openWeb, violation } from './fixture.js';

const host = new Host();
const recent = new Recent();
const options = {
  metrics: host.metrics,
  world: host.world,
  recent,
  version: '1.2.3',
  notReady: () => undefined,
  ...openWeb(),
  log: () => {},
};
let web: Web;
before(async () => {
  web = await listen(options, parseListenAddress('127.0.0.1:0'));
});
after(() => web.close());

interface Frame {
  readonly event: string;
  readonly data: {
    readonly now_ns: number;
    readonly devices?: readonly LiveDevice[];
    readonly gone?: readonly LiveDevice[];
    readonly violations?: readonly { readonly n: number; readonly rule: string }[];
  };
}

/** The frames of one client; leaving the loop ends it. */
async function* frames(): AsyncGenerator<Frame> {
  const abort = new AbortController();
  const answer = await fetch(`http://${web.address}/api/events`, { signal: abort.signal });
  assert.match(answer.headers.get('content-type') ?? '', /^text\/event-stream/);
  try {
    let text = '';
    for await (const part of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += part;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const [, event = '', data = ''] = /^event: (.*)\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
        text = text.slice(end + 2);
        yield { event, data: JSON.parse(data) };
      }
    }
  } finally {
    abort.abort();
  }
}

async function next(from: AsyncGenerator<Frame>): Promise<Frame> {
  const { value } = await from.next();
  assert.ok(value, 'the stream ended');
  return value;
}

test('first all of it, then what changed, then who left', async () => {
  host.open(1, '0000:3b:00.2');
  const client = frames();
  const first = await next(client);
  assert.equal(first.event, 'snapshot');
  assert.deepEqual(
    first.data.devices?.map((d) => [d.name, d.lane]),
    [['0000:3b:00.2', [[host.world.devices.get(1)?.landedAt, 'RUNNING']]]],
  );
  const gen = host.set(1, 2, State.RUNNING, State.PRE_COPY);
  const second = await next(client);
  assert.equal(second.event, 'change');
  const [device] = second.data.devices ?? [];
  assert.deepEqual(
    device?.lane.map(([, state]) => state),
    ['RUNNING', 'PRE_COPY'],
  );
  assert.ok((device?.episode_ns ?? -1) >= 0);
  assert.equal(device?.stopped_ns, -1);
  const v = violation();
  recent.add(violationJson(v), v, found(v));
  const third = await next(client);
  assert.deepEqual(
    third.data.violations?.map(({ n, rule }) => [n, rule]),
    [[0, v.rule]],
  );
  host.close(1, gen);
  const fourth = await next(client);
  assert.deepEqual(
    fourth.data.gone?.map((d) => d.name),
    ['0000:3b:00.2'],
  );
  await client.return(undefined);
});

test('the number of clients is bounded; one that leaves makes room', async () => {
  const clients = Array.from({ length: MAX_CLIENTS }, frames);
  for (const client of clients) await next(client);
  const refused = await fetch(`http://${web.address}/api/events`);
  assert.equal(refused.status, 503);
  assert.equal(refused.headers.get('retry-after'), '10');
  await refused.text();
  for (const client of clients) await client.return(undefined);
  for (;;) {
    const again = frames();
    try {
      assert.equal((await next(again)).event, 'snapshot');
      await again.return(undefined);
      break;
    } catch (error) {
      assert.match(String(error), /text\/plain/); // the server has not seen the others leave yet
    }
  }
});

test('a client that does not read is not written to, and misses nothing in the end', async () => {
  const [name, port] = web.address.split(':');
  const socket = connect(Number(port), name);
  socket.write('GET /api/events HTTP/1.1\r\nHost: x\r\n\r\n');
  let text = '';
  socket.setEncoding('utf8').on('data', (part) => {
    text += part;
  });
  const until = async (what: RegExp) => {
    while (!what.test(text)) await new Promise((resolve) => socket.once('data', resolve));
  };
  await until(/event: snapshot/);
  socket.pause();
  text = '';
  const other = frames();
  await next(other);
  // Each frame is some 1.1 MB; what the system buffers for the socket is a few MB.
  const long = 'x'.repeat(5_000);
  for (let frame = 0; frame < 12; frame++) {
    for (let i = 0; i < 200; i++) {
      const v = violation({ statement: long, reason: `${frame}-${i}` });
      recent.add(violationJson(v), v, found(v));
    }
    await next(other);
  }
  await other.return(undefined);
  socket.resume();
  await until(/event: snapshot.*"reason":"11-199"/s);
  assert.ok(text.length < 11 * 1_100_000);
  socket.destroy();
});
