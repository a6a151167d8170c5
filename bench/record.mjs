#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
/**
 * What recording costs: CPU of the whole process, all threads, for an event; bytes for an event; and the
 * memory that reading it back takes. `bench/record.mjs [MILLIONS]` of events three times, 10 without.
 */
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { TraceSource } from '../build/agent/src/trace/trace_source.js';
import { TraceWriter } from '../build/agent/src/trace/trace_writer.js';
import { WriterThread } from '../build/agent/src/trace/writer_thread.js';
import { originHere, READING, RECORD_FORMAT } from '../build/agent/src/trace_format.js';
import { encode } from '../build/agent/src/wire/events.gen.js';
import { TSDL_EVENTS } from '../build/agent/src/wire/tsdl.gen.js';

const MIB = 1 << 20;
const BATCH = 1000;
const events = Number(process.argv[2] ?? 10) * 1e6;
const dir = 'build/bench/trace';

/** A device that is halted: accesses, interrupts, and now and then a state change. */
function batch() {
  const kinds = ['region_read', 'region_write', 'irq', 'data_read', 'config_write'];
  const out = [];
  for (let n = 0; n < BATCH; n++) out.push(encode(n % 100 ? kinds[n % kinds.length] : 'mig_set', { dev: 1 }));
  return Buffer.concat(out);
}

/** The same batch later: time goes on, as it does in what is drained. */
function stamp(bytes, sizes, from) {
  let at = 0;
  for (let n = 0; n < BATCH; n++) {
    const t = from + n * 500;
    bytes.writeUInt32LE(t % 2 ** 32, at);
    bytes.writeUInt32LE(Math.floor(t / 2 ** 32), at + 4);
    at += sizes[n];
  }
}

rmSync(dir, { recursive: true, force: true });
mkdirSync(dir, { recursive: true });
const thread = new WriterThread({ dir, limits: { budgetBytes: 1e12, freeBytes: 0 }, format: RECORD_FORMAT });
const bytes = batch();
const sizes = [];
for (let at = 0; at < bytes.length; at += sizes.at(-1))
  sizes.push(RECORD_FORMAT.sizes[bytes.readUInt32LE(at + 8)]);

let time = 5e12;
/** CPU of all threads, ns an event. */
async function run(write) {
  const began = process.cpuUsage();
  for (let n = 0; n < events; n += BATCH) {
    stamp(bytes, sizes, time);
    time += BATCH * 500;
    write(bytes);
    // No host makes events as fast as this loop: it waits for the disk instead of dropping.
    if (n % (500 * BATCH) === 0) await thread.sync();
  }
  await thread.sync();
  const { user, system } = process.cpuUsage(began);
  return ((user + system) * 1000) / events;
}

await run(() => {}); // warms up

const options = {
  packetBytes: MIB,
  segmentBytes: 64 * MIB,
  segmentMs: 3.6e6,
  format: RECORD_FORMAT,
  snapshot: () => new Uint8Array(0),
  onTrouble: (error) => console.log(`trouble: ${error}`),
  onRelief: () => {},
  now: Date.now,
};
const writer = await TraceWriter.create(thread, 'migwatch-bench', originHere([], {}), TSDL_EVENTS, options);
// Other work on the machine only ever adds: the least of three rounds counts.
const added = [];
for (let round = 0; round < 3; round++) {
  const bare = await run(() => {});
  const recorded = await run((b) => writer.write(b));
  added.push(recorded - bare);
}
writer.close();
await thread.close();

const written = 3 * events;
const folder = join(dir, 'migwatch-bench');
const size = readdirSync(folder).reduce((sum, f) => sum + statSync(join(folder, f)).size, 0);
console.log(
  `recording, all threads      ${Math.min(...added)
    .toFixed(0)
    .padStart(6)} ns/event  (bar: 100)`,
);
console.log(`on disk                     ${(size / written).toFixed(1).padStart(6)} bytes/event  (bar: 70)`);
console.log(`dropped                     ${String(writer.dropped).padStart(6)} events`);

const source = await TraceSource.open(dir, READING);
const rss = [];
let read = 0;
const began = performance.now();
for (let b = await source.next(); b; b = await source.next()) {
  read += b.length;
  if (read >= (size / 5) * (rss.length + 1)) rss.push(Math.round(process.memoryUsage.rss() / 1e6));
}
const seconds = (performance.now() - began) / 1000;
console.log(
  `reading and checking        ${(written / seconds / 1e6).toFixed(1).padStart(6)} M events/s, ${(size / seconds / 1e6).toFixed(0)} MB/s`,
);
console.log(
  `resident, at each fifth     ${rss.join(' ')} MB  (bar: 200, flat); damages ${source.damages.length}`,
);
rmSync(dir, { recursive: true });
