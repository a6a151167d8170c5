// SPDX-License-Identifier: Apache-2.0
/** Writing and reading traces in a test: as `record` and `replay` do, in a folder that goes away. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { TraceSource } from '../../src/trace/trace_source.js';
import { type TraceOptions, TraceWriter, traceName } from '../../src/trace/trace_writer.js';
import { WriterThread } from '../../src/trace/writer_thread.js';
import { originHere, READING, RECORD_FORMAT } from '../../src/trace_format.js';
import { TSDL_EVENTS } from '../../src/wire/tsdl.gen.js';

export const MIB = 1 << 20;
/** What the traces that are written here say of their clock, ns. */
export const CLOCK_ERROR = 1_500_000n;

export function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'migwatch-trace-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

export interface Written {
  readonly folder: string;
  readonly writer: TraceWriter;
  /** The errors that were said, in order. */
  readonly troubles: readonly string[];
}

/** Writes these batches as one trace below `dir`; `each` is told before each. */
export async function write(
  dir: string,
  batches: Iterable<Uint8Array>,
  options: Partial<TraceOptions> & {
    budgetBytes?: number;
    freeBytes?: number;
    each?: (n: number, thread: WriterThread) => Promise<void>;
  } = {},
): Promise<Written> {
  const { budgetBytes = 1 << 30, freeBytes = 0, each } = options;
  const thread = new WriterThread({ dir, limits: { budgetBytes, freeBytes }, format: RECORD_FORMAT });
  const troubles: string[] = [];
  const all: TraceOptions = {
    packetBytes: MIB,
    segmentBytes: 64 * MIB,
    segmentMs: 3_600_000,
    format: RECORD_FORMAT,
    snapshot: () => new Uint8Array(0),
    onTrouble: (error) => troubles.push(error),
    onRelief: () => {},
    now: Date.now,
    ...options,
  };
  const name = traceName(process.pid, new Date());
  const writer = await TraceWriter.create(
    thread,
    name,
    originHere(['fexit x'], {}, CLOCK_ERROR),
    TSDL_EVENTS,
    all,
  );
  let n = 0;
  for (const batch of batches) {
    await each?.(n++, thread);
    writer.write(batch);
  }
  writer.close();
  await thread.close();
  return { folder: join(dir, name), writer, troubles };
}

/** Every batch of a trace, copied, and what was wrong with it. */
export async function read(path: string) {
  const source = await TraceSource.open(path, READING);
  const batches: Uint8Array[] = [];
  for (let batch = await source.next(); batch; batch = await source.next()) batches.push(Buffer.from(batch));
  await source.close();
  return { bytes: Buffer.concat(batches), batches, source, damages: source.damages.map((d) => d.what) };
}

export const streams = (path: string): string[] =>
  readdirSync(path)
    .filter((f) => f.startsWith('stream'))
    .sort()
    .map((f) => join(path, f));
