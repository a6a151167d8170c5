// SPDX-License-Identifier: Apache-2.0
/** Writes a trace of a busy, made-up host to a folder. `node build/bench/synthetic_trace.js FOLDER EVENTS` */
import { mkdirSync } from 'node:fs';
import { TraceWriter } from '../agent/src/trace/trace_writer.js';
import { WriterThread } from '../agent/src/trace/writer_thread.js';
import { originHere, RECORD_FORMAT } from '../agent/src/trace_format.js';
import { TSDL_EVENTS } from '../agent/src/wire/tsdl.gen.js';
import { SyntheticHost } from './synthetic_host.js';

const MIB = 1 << 20;
/** How far the disk may lag behind: less than what the writer queues before it drops. */
const AHEAD = 16 * MIB;
/** The only trace that its thread writes. */
const TRACE = 1;
const [dir = '', count = '1000000'] = process.argv.slice(2);
mkdirSync(dir, { recursive: true });
const place = { dir, limits: { budgetBytes: 8 << 30, freeBytes: 0 }, format: RECORD_FORMAT };
const thread = new WriterThread(place);
const writer = await TraceWriter.create(thread, 'busy-host', originHere([], {}), TSDL_EVENTS, {
  packetBytes: MIB,
  segmentBytes: 1 << 30,
  segmentMs: 3_600_000,
  format: RECORD_FORMAT,
  snapshot: () => new Uint8Array(0),
  onTrouble: (error) => {
    process.stderr.write(
      `${dir}: ${error}: the trace lacks events, what is measured with it would be wrong\n`,
    );
    process.exit(1);
  },
  onRelief: () => {},
  now: Date.now,
});
const host = new SyntheticHost({ vms: 24, devicesPerVm: 2, mappings: 100, active: 12, liars: 2 });
const buffer = new Uint8Array(MIB);
for (let made = 0; host.made < Number(count); ) {
  const length = host.fill(buffer);
  writer.write(buffer.subarray(0, length));
  made += length;
  do await new Promise((done) => setImmediate(done));
  while (made - thread.taken(TRACE) > AHEAD);
}
writer.close();
await thread.close();
