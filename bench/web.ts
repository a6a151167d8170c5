// SPDX-License-Identifier: Apache-2.0
/** What scraping a large host costs, and whether hostile clients delay its drain. `bench/web --help` */
import { fork } from 'node:child_process';
import { once, setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { bad, greedy, OVERSIZED, SLOW_LORIS, scrape, timed, UNREAD } from './web_clients.js';
import type { HostFigures } from './web_host.js';

const HOST = 'build/bench/web_host.js';
/** Of docs/metrics.md and the design. */
const MAX_SCRAPE_MS = 20;
const MAX_SERIES_A_DEVICE = 40;
/** What a heap may be larger by, from one moment to another, without growing. */
const MAX_GROWTH_MB = 32;
/** Scrapes until the code is compiled, and those that are measured; a pause between, so that each has a text of its own. */
const [WARM, MEASURED, PAUSE_MS] = [100, 500, 110];
const CLIENTS = { scrapers: 200, 'slow-loris': 40, 'oversized headers': 10, unread: 10 };

const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: '1000' },
    findings: { type: 'string', default: '100000' },
    seconds: { type: 'string', default: '30' },
  },
});

const child = fork(HOST, [values.devices, values.findings]);
const [url] = (await once(child, 'message')) as [string];

async function figures(): Promise<HostFigures> {
  const answer = once(child, 'message');
  child.send('figures');
  return (await answer)[0];
}

let failures = 0;
function row(what: string, got: string, bar?: { readonly text: string; readonly kept: boolean }): void {
  if (bar && !bar.kept) failures++;
  const against = bar ? `${bar.kept ? 'ok  ' : 'FAIL'} bar: ${bar.text}` : '';
  console.log(`${what.padEnd(44)}${got.padStart(14)}   ${against}`.trimEnd());
}

const quantile = (sorted: readonly number[], q: number) => sorted[Math.ceil(sorted.length * q) - 1] ?? 0;
const ms = (n: number) => `${n.toFixed(1)} ms`;

function drained(before: HostFigures, after: HostFigures): void {
  const lost = after.lost - before.lost;
  row('  the longest time between two drains', ms(after.longestMs));
  row('  lost of records', `${lost} bytes`, { text: '0', kept: lost === 0 });
}

async function quiet(): Promise<void> {
  for (let n = 0; n < WARM; n++) await scrape(url);
  const before = await figures();
  const times: number[] = [];
  for (let n = 0; n < MEASURED; n++) {
    await sleep(PAUSE_MS);
    times.push(await timed(url));
  }
  const after = await figures();
  times.sort((a, b) => a - b);
  const bytes = await scrape(url);
  const lines = bytes.toString().split('\n');
  const series = lines.filter((line) => line && line[0] !== '#');
  const ofDevices = series.filter((line) => line.includes('{device="')).length / Number(values.devices);
  console.log(
    `a host with ${values.devices} devices, 64 of which migrate, and ${values.findings} findings; ${MEASURED} scrapes`,
  );
  row('  a scrape: series, bytes', `${series.length}, ${bytes.length}`);
  row('  series a device', ofDevices.toFixed(1), {
    text: `<= ${MAX_SERIES_A_DEVICE}`,
    kept: ofDevices <= MAX_SERIES_A_DEVICE,
  });
  const p99 = quantile(times, 0.99);
  // Other work on the machine only ever adds.
  row('  a scrape takes, at least', ms(times[0] ?? 0));
  row('  a scrape takes, p50', ms(quantile(times, 0.5)));
  row('  a scrape takes, p99', ms(p99), { text: `<= ${MAX_SCRAPE_MS} ms`, kept: p99 <= MAX_SCRAPE_MS });
  drained(before, after);
}

async function attacked(): Promise<void> {
  const seconds = Number(values.seconds);
  const ending = new AbortController();
  const { signal } = ending;
  setMaxListeners(0, signal);
  const some = <T>(n: number, client: () => Promise<T>) => Promise.all(Array.from({ length: n }, client));
  const all = Promise.all([
    some(CLIENTS.scrapers, () => greedy(url, signal)),
    some(CLIENTS['slow-loris'], () => bad(url, signal, SLOW_LORIS)),
    some(CLIENTS['oversized headers'], () => bad(url, signal, OVERSIZED)),
    some(CLIENTS.unread, () => bad(url, signal, UNREAD)),
  ]);
  await sleep((seconds * 1000) / 3);
  const before = await figures();
  await sleep((seconds * 2000) / 3);
  const after = await figures();
  ending.abort();
  const [scrapers, ...cut] = await all;
  console.log(`the same under attack for ${seconds} s; figures are of the last two thirds`);
  row(`  ${CLIENTS.scrapers} scrapers got`, `${scrapers.reduce((sum, s) => sum + s.done, 0)} texts`);
  for (const [n, what] of (['slow-loris', 'oversized headers', 'unread'] as const).entries())
    row(`  ${CLIENTS[what]} clients (${what}) were cut off`, `${cut[n]?.reduce((a, b) => a + b, 0)} times`);
  drained(before, after);
  const growth = after.residentMb - before.residentMb;
  row('  resident memory', `${before.residentMb.toFixed(0)} to ${after.residentMb.toFixed(0)} MB`, {
    text: `+ ${MAX_GROWTH_MB} MB`,
    kept: growth <= MAX_GROWTH_MB,
  });
}

await quiet();
await attacked();
child.kill();
process.exit(failures ? 1 : 0);
