// SPDX-License-Identifier: Apache-2.0
/** Reads an input as a trace and says which promise of the reader it broke, if one. */
import type { Access, ReadableFile } from '../../src/trace/trace_source.js';
import { TraceSource } from '../../src/trace/trace_source.js';
import { FORMAT, type Input, idOf, NOT_RECORDED, record, UUID, whole } from './inputs.js';

/** More reads than any of these inputs can need; one that goes on reading hangs. */
const MAX_READS = 2_000;
/** ... and more bytes than any of them can come to. */
const MAX_OUTPUT = 1 << 20;

const HEADER = 32;

const READING = {
  wire: 'fuzz',
  format: FORMAT,
  lost: (at: bigint, events: number) => {
    const bytes = record(FORMAT.lostType, at, NOT_RECORDED);
    bytes.writeBigUInt64LE(BigInt(events), FORMAT.lostCountAt);
    return bytes;
  },
};
const ORIGIN = { uuid: UUID, clockOffset: 0n, env: {} };

function inMemory(input: Input, sizes: Map<string, number>): Access {
  let reads = 0;
  const files = new Map(input.files.map((f) => [f.name, f]));
  return {
    list: async () => [...files.keys()],
    open: async (path) => {
      const file = files.get(path.slice(path.lastIndexOf('/') + 1));
      if (!file || file.missing) throw new Error('ENOENT: no such file');
      const bytes = Buffer.concat(file.pieces.map((p) => p.bytes));
      sizes.set(path, bytes.length);
      const read = async (into: Buffer, at: number, length: number, position: number) => {
        if (++reads > MAX_READS) throw new Error('the reader does not come to an end');
        return { bytesRead: bytes.copy(into, at, position, position + length), buffer: into };
      };
      const stat = async () => ({ size: bytes.length });
      return { read, stat, close: async () => {} } as unknown as ReadableFile;
    },
  };
}

/** The records that must come: of every packet that is whole, unless a later one came before it. */
function expected(input: Input): number[] {
  const out: number[] = [];
  let next = 0;
  for (const packet of input.files.flatMap((f) => (f.missing ? [] : f.pieces)).map(whole)) {
    if (!packet || packet.seq < next) continue;
    out.push(...packet.ids);
    next = packet.seq + 1;
  }
  return out;
}

async function ids(source: TraceSource): Promise<number[]> {
  const out: number[] = [];
  let bytes = 0;
  for (let batch = await source.next(); batch; batch = await source.next()) {
    bytes += batch.length;
    if (bytes > MAX_OUTPUT) throw new Error('more comes out than can have been in');
    for (let at = 0; at + HEADER <= batch.length; ) {
      const id = idOf(batch, at);
      if (id !== NOT_RECORDED) out.push(id);
      at +=
        FORMAT.sizes[new DataView(batch.buffer, batch.byteOffset).getUint32(at + 8, true)] ?? batch.length;
    }
  }
  return out;
}

/** Undefined: all is well. */
export async function trouble(input: Input): Promise<string | undefined> {
  const sizes = new Map<string, number>();
  const source = new TraceSource('trace', ORIGIN, READING, inMemory(input, sizes));
  let got: number[];
  try {
    got = await ids(source);
  } catch (err) {
    return (err as Error).stack;
  }
  for (const { file, offset } of source.damages)
    if (offset < 0 || offset > (sizes.get(file) ?? 0)) return `damage at ${file} ${offset}, where nothing is`;
  if (input.forged) return undefined;
  const wanted = expected(input);
  if (got.join() !== wanted.join()) return `records ${got} came, ${wanted} should have`;
  const hurt = input.files.some((f) => f.missing || f.pieces.some((p) => !whole(p) && p.bytes.length > 0));
  return hurt && source.damages.length === 0 ? 'damage that is not told' : undefined;
}
