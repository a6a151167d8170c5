// SPDX-License-Identifier: Apache-2.0
/** Small traces in memory, and what can become of their bytes. Everything follows from one seed. */

import { crc32c } from '../../src/trace/crc32c.js';
import { PacketBuilder, type RecordFormat } from '../../src/trace/packet.js';
import { encodeHead, HEAD_BYTES } from '../../src/trace/packet_head.js';

/** A format of its own: what is fuzzed knows nothing of records but their sizes, and the corpus outlives wire.h. */
export const FORMAT: RecordFormat = {
  sizes: [undefined, 32, 48, 64, 48],
  backdated: 0x1000,
  lostType: 4,
  lostCountAt: 40,
};
/** In a record that was recorded stands its number; in one that tells of a loss, or of what was known, this. */
const ID_AT = 12;
export const NOT_RECORDED = 0xffffffff;
export const UUID = '00112233-4455-6677-8899-aabbccddeeff';
const KEY = Buffer.from(UUID.replaceAll('-', ''), 'hex');

export interface Packet {
  readonly bytes: Buffer;
  readonly seq: number;
  /** Of its records; none for a preamble. */
  readonly ids: readonly number[];
}

/** A stretch of a file: a packet as it was written, or what came of one. */
export interface Piece {
  bytes: Buffer;
  /** What was written there; nothing, if it was added later. */
  readonly packet?: Packet;
}

/** Two changes may undo each other. */
export const whole = ({ bytes, packet }: Piece): Packet | undefined =>
  packet?.bytes.equals(bytes) ? packet : undefined;

export interface Input {
  readonly files: { name: string; pieces: Piece[]; missing?: boolean }[];
  /** Checksums were made to fit what was changed: nothing can tell, and no more than survival is asked for. */
  forged: boolean;
}

/** mulberry32: 32 bits of state are enough to name a run. */
export class Random {
  constructor(private state: number) {}

  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  }

  below(n: number): number {
    return this.next() % n;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }
}

export function record(type: number, time: bigint, id: number): Buffer {
  const bytes = Buffer.alloc(FORMAT.sizes[type] ?? 0);
  bytes.writeBigUInt64LE(time);
  bytes.writeUInt32LE(type, 8);
  bytes.writeUInt32LE(id, ID_AT);
  return bytes;
}

export const idOf = (bytes: Uint8Array, at: number): number =>
  Buffer.from(bytes.buffer, bytes.byteOffset).readUInt32LE(at + ID_AT);

/** A trace of up to three files; some events are older than those before them. */
export function base(random: Random): Input {
  const builder = new PacketBuilder(KEY, FORMAT);
  let [id, seq, time] = [0, 0, 1_000_000n];
  const packet = (segment: number, preamble: boolean): Piece => {
    const ids: number[] = [];
    const records = Array.from({ length: 1 + random.below(5) }, () => {
      time += BigInt(random.below(1000));
      const late = random.below(8) === 0 ? 5000n : 0n;
      if (preamble) return record(1 + random.below(3), time, NOT_RECORDED);
      ids.push(id);
      return record(1 + random.below(3), time - late, id++);
    });
    const bytes = Buffer.from(builder.build(Buffer.concat(records), segment, preamble));
    return { bytes, packet: { bytes, seq: seq++, ids } };
  };
  const files = Array.from({ length: 1 + random.below(3) }, (_, n) => {
    const pieces = Array.from({ length: 1 + random.below(4) }, () => packet(n + 1, false));
    if (random.below(2)) pieces.unshift(packet(n + 1, true));
    return { name: `stream_${String(n + 1).padStart(6, '0')}`, pieces };
  });
  return { files, forged: false };
}

export const copy = ({ files, forged }: Input): Input => ({
  files: files.map((f) => ({ ...f, pieces: f.pieces.map((p) => ({ ...p })) })),
  forged,
});

/** Changes bytes of a piece that others share. */
function change(piece: Piece, edit: (bytes: Buffer) => void): void {
  piece.bytes = Buffer.from(piece.bytes);
  edit(piece.bytes);
}

type Mutation = (input: Input, random: Random) => void;

function place(input: Input, random: Random) {
  const file = random.pick(input.files);
  return { file, n: file.pieces.length ? random.below(file.pieces.length) : 0 };
}

const flip: Mutation = (input, random) => {
  const { file, n } = place(input, random);
  const piece = file.pieces[n];
  if (piece?.bytes.length)
    change(piece, (b) => {
      const at = random.below(b.length);
      b[at] = (b[at] ?? 0) ^ (1 << random.below(8));
    });
};

const cut: Mutation = (input, random) => {
  const last = random.pick(input.files).pieces.at(-1);
  if (!last) return;
  last.bytes = last.bytes.subarray(0, random.below(last.bytes.length + 1));
};

/** Noise, which may look like the beginning of a packet over and over. */
const noise: Mutation = (input, random) => {
  const { file, n } = place(input, random);
  const start = Buffer.concat([Buffer.from([0xc1, 0x1f, 0xfc, 0xc1]), KEY]);
  const junk = Array.from({ length: 1 + random.below(200) }, () => random.below(256));
  const bytes = random.below(2) ? Buffer.from(junk) : Buffer.concat(junk.slice(0, 20).map(() => start));
  file.pieces.splice(n, 0, { bytes });
};

const twice: Mutation = (input, random) => {
  const [from, to] = [place(input, random), place(input, random)];
  const piece = from.file.pieces[from.n];
  if (piece) to.file.pieces.splice(to.n, 0, { ...piece });
};

const swap: Mutation = (input, random) => {
  const { file, n } = place(input, random);
  file.pieces.push(...file.pieces.splice(n, 1));
};

const drop: Mutation = (input, random) => {
  const { file, n } = place(input, random);
  file.pieces.splice(n, 1 + random.below(2));
};

const file: Mutation = (input, random) => {
  const { file: f } = place(input, random);
  if (random.below(2)) f.pieces.length = 0;
  else f.missing = true;
};

const NUMBERS = [0n, 1n, 7n, 8n, 0x7fffffffn, 0xffffffffn, 1n << 40n, (1n << 53n) + 1n, (1n << 64n) - 1n];

function seal(b: Buffer): void {
  b.writeUInt32LE(crc32c(b.subarray(0, HEAD_BYTES - 4)), HEAD_BYTES - 4);
}

/** A field of the head that makes no sense, under a checksum that fits: sizes, numbers, counts, flags. */
const forgeHead: Mutation = (input, random) => {
  const { file: f, n } = place(input, random);
  const piece = f.pieces[n];
  if (!piece || piece.bytes.length < HEAD_BYTES) return;
  input.forged = true;
  change(piece, (b) => {
    const at = random.pick([32, 40, 48, 56, 64, 72, 80]);
    const value = random.pick(NUMBERS);
    b.writeBigUInt64LE(value, at);
    if (at === 56 && random.below(2)) b.writeBigUInt64LE(value, 48);
    if (random.below(2)) b.writeUInt32LE(random.pick([0, 1, 0xffffffff]), random.pick([88, 92, 96, 100]));
    seal(b);
  });
};

/** Events that make no sense, under checksums that fit. */
const forgeEvents: Mutation = (input, random) => {
  const { file: f, n } = place(input, random);
  const piece = f.pieces[n];
  if (!piece || piece.bytes.length <= HEAD_BYTES) return;
  input.forged = true;
  change(piece, (b) => {
    const payload = b.subarray(HEAD_BYTES);
    for (let k = 1 + random.below(4); k > 0; k--) payload[random.below(payload.length)] = random.below(256);
    b.writeUInt32LE(random.below(3), 92);
    b.writeUInt32LE(crc32c(payload), 104);
    seal(b);
  });
};

/** A packet of another trace. */
const stranger: Mutation = (input, random) => {
  const { file: f, n } = place(input, random);
  const bytes = Buffer.alloc(HEAD_BYTES);
  const head = { begin: 0n, end: 0n, bytes: HEAD_BYTES, seq: 0, discarded: 0, firstEvent: 0, events: 0 };
  encodeHead(bytes, Buffer.alloc(16, 7), {
    ...head,
    backdated: 0,
    segment: 1,
    preamble: false,
    payloadCrc: 0,
  });
  f.pieces.splice(n, 0, { bytes });
};

const MUTATIONS = [flip, flip, cut, noise, twice, swap, drop, file, forgeHead, forgeEvents, stranger];

/** One to three things happen to a trace. */
export function mutate(input: Input, random: Random): Input {
  const out = copy(input);
  for (let n = 1 + random.below(3); n > 0; n--) random.pick(MUTATIONS)(out, random);
  return out;
}
