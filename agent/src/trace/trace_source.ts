// SPDX-License-Identifier: Apache-2.0
/** Reads a trace as a Source. What is damaged is said, skipped, and judged as loss; nothing in it is trusted. */
import { type FileHandle, open, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Source } from '../source.js';
import { crc32c } from './crc32c.js';
import { TraceError } from './error.js';
import { parseMetadata, type TraceOrigin } from './metadata.js';
import { type RecordFormat, restoreRecords } from './packet.js';
import { decodeHead, findPacket, HEAD_BYTES, type PacketHead } from './packet_head.js';

const MAX_METADATA = 4 << 20;
const MAX_FILES = 100_000;
const MAX_DAMAGES = 1_000;
const SCAN_BYTES = 1 << 20;

/** Something that is not as it was written, and where. */
export interface Damage {
  readonly file: string;
  /** Bytes from the file's start. */
  readonly offset: number;
  readonly what: string;
}

export interface Reading {
  /** Names the layout that the records must have. */
  readonly wire: string;
  readonly format: RecordFormat;
  /** Records that say: so many events are missing at this time. */
  lost(at: bigint, events: number): Uint8Array;
}

async function namesIn(path: string): Promise<string[]> {
  const out: string[] = [];
  try {
    for await (const entry of await opendir(path)) {
      if (!entry.isFile() || entry.name === 'metadata' || entry.name.startsWith('.')) continue;
      if (out.push(entry.name) > MAX_FILES)
        throw new TraceError(`${path}: more than ${MAX_FILES} files: not one trace`);
    }
  } catch (err) {
    if (err instanceof TraceError) throw err;
    throw new TraceError(`${path}: ${(err as Error).message}`);
  }
  return out.sort();
}

/** The folders below that hold a trace each; `path` itself if it is one. */
export async function tracesIn(path: string): Promise<string[]> {
  const found: string[] = [];
  try {
    for await (const entry of await opendir(path)) {
      if (entry.name === 'metadata' && entry.isFile()) return [path];
      if (entry.isDirectory() && found.length < MAX_FILES && (await isTrace(join(path, entry.name))))
        found.push(join(path, entry.name));
    }
  } catch (err) {
    const { code, message } = err as NodeJS.ErrnoException;
    if (code === 'ENOTDIR') throw new TraceError(`${path}: not a migwatch trace, which is a folder`);
    throw new TraceError(`${path}: ${message}`);
  }
  return found.sort();
}

async function isTrace(path: string): Promise<boolean> {
  const file = await open(join(path, 'metadata')).catch(() => undefined);
  await file?.close();
  return file !== undefined;
}

async function readOrigin(path: string): Promise<TraceOrigin> {
  const name = join(path, 'metadata');
  const file = await open(name).catch((err: Error) => {
    throw new TraceError(`${name}: ${err.message}`);
  });
  try {
    const { size } = await file.stat();
    if (size > MAX_METADATA) throw new TraceError(`${name}: ${size} bytes are too many for metadata`);
    return parseMetadata(name, await file.readFile('utf8'));
  } finally {
    await file.close();
  }
}

export class TraceSource implements Source {
  /** What was wrong so far; the first 1,000. */
  readonly damages: Damage[] = [];
  /** Events that are known to be missing because of it. */
  missing = 0;
  private readonly uuid: Buffer;
  private file: FileHandle | undefined;
  private path = '';
  private size = 0;
  private offset = 0;
  private nextFile = 0;
  private buffer = Buffer.alloc(0);
  private readonly head = Buffer.alloc(HEAD_BYTES);
  private expected: { seq: number; event: number } | undefined;
  /** How many damages the last good packet had before it. */
  private told = 0;
  /** Is the next preamble to be judged, and the one that is being read? */
  private wanted = true;
  private telling = false;
  private segment = -1;

  private constructor(
    readonly folder: string,
    readonly origin: TraceOrigin,
    private readonly files: readonly string[],
    private readonly reading: Reading,
  ) {
    this.uuid = Buffer.from(origin.uuid.replaceAll('-', ''), 'hex');
  }

  /** Throws TraceError naming the path if it is not a trace that this agent can read. */
  static async open(path: string, reading: Reading): Promise<TraceSource> {
    const traces = await tracesIn(path);
    const [folder] = traces;
    if (folder === undefined) throw new TraceError(`${path}: not a migwatch trace (no metadata file)`);
    if (traces.length > 1)
      throw new TraceError(
        `${path}: holds ${traces.length} traces, name one of them: ${traces.slice(0, 5).join(' ')}`,
      );
    const origin = await readOrigin(folder);
    const { wire = 'unknown', agent_version = 'unknown' } = origin.env;
    if (wire !== reading.wire)
      throw new TraceError(
        `${folder}: recorded with wire ${wire}, this agent reads ${reading.wire}; use agent ${agent_version}`,
      );
    return new TraceSource(folder, origin, await namesIn(folder), reading);
  }

  /** What is known to be wrong with what has been read so far. */
  get damaged(): boolean {
    return this.damages.length > 0;
  }

  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      if (!this.file && !(await this.openNext())) return undefined;
      const head = await this.nextHead();
      if (!head) {
        await this.shut();
        continue;
      }
      const batch = await this.packet(head);
      if (batch && batch.length > 0) return batch;
    }
  }

  async close(): Promise<void> {
    this.nextFile = this.files.length;
    await this.shut();
  }

  private async shut(): Promise<void> {
    const { file } = this;
    this.file = undefined;
    await file?.close();
  }

  private async openNext(): Promise<boolean> {
    const name = this.files[this.nextFile++];
    if (name === undefined) return false;
    this.path = join(this.folder, name);
    this.offset = 0;
    this.file = await open(this.path).catch((err: Error) => {
      this.damage(err.message);
      return undefined;
    });
    this.size = (await this.file?.stat())?.size ?? 0;
    return this.file !== undefined || this.openNext();
  }

  private damage(what: string): void {
    if (this.damages.length < MAX_DAMAGES) this.damages.push({ file: this.path, offset: this.offset, what });
  }

  private async read(into: Buffer, offset: number): Promise<number> {
    let done = 0;
    while (this.file && done < into.length) {
      const { bytesRead } = await this.file.read(into, done, into.length - done, offset + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return done;
  }

  /** The head at the offset, or at the next place where one is; undefined at the end of the file. */
  private async nextHead(): Promise<PacketHead | undefined> {
    while (this.offset < this.size) {
      const left = this.size - this.offset;
      if (left < HEAD_BYTES) {
        this.damage(
          `the last ${left} bytes are no whole packet (the recorder was killed, or the file was cut)`,
        );
        return undefined;
      }
      await this.read(this.head, this.offset);
      const head = decodeHead(this.head, this.uuid);
      if (typeof head !== 'string') {
        if (head.bytes <= left) return head;
        this.damage(
          `the last packet has ${left} of its ${head.bytes} bytes (the recorder was killed, or the file was cut)`,
        );
        return undefined;
      }
      this.damage(`damaged packet: ${head}`);
      this.offset = await this.findNext(this.offset + 1);
    }
    return undefined;
  }

  /** Where the next packet may begin; the file's size if nowhere. */
  private async findNext(from: number): Promise<number> {
    const window = Buffer.alloc(SCAN_BYTES);
    // Windows overlap by less than a head: no start is missed between two of them.
    for (let at = from; at < this.size; at += SCAN_BYTES - HEAD_BYTES) {
      const n = await this.read(window, at);
      const found = findPacket(window.subarray(0, n), this.uuid, 0);
      if (found >= 0) return at + found;
    }
    return this.size;
  }

  /** The packet's records, after those that tell of what is missing before it; undefined if there are none to judge. */
  private async packet(head: PacketHead): Promise<Uint8Array | undefined> {
    const payload = await this.payload(head.bytes - HEAD_BYTES);
    const start = this.offset;
    this.offset += head.bytes;
    const place = (what: string) => {
      const next = this.offset;
      this.offset = start;
      this.damage(what);
      this.offset = next;
    };
    if (payload.length < head.bytes - HEAD_BYTES || crc32c(payload) !== head.payloadCrc) {
      place('damaged packet: the checksum of its events is wrong');
      return undefined;
    }
    if (this.expected && head.seq < this.expected.seq) {
      place(
        `packet ${head.seq} comes after packet ${this.expected.seq - 1}: a duplicate, or out of order; not judged`,
      );
      return undefined;
    }
    const before = this.gap(head, place);
    if (head.preamble && !this.wants(head)) return before;
    const records = head.backdated ? restoreRecords(payload, this.reading.format) : payload;
    if (!records) {
      place('damaged packet: its events are not what it says');
      return before;
    }
    return before ? Buffer.concat([before, records]) : records;
  }

  private async payload(bytes: number): Promise<Buffer> {
    // Room for the next packets as well: they come in like sizes. MAX_PACKET_BYTES bounds it.
    if (this.buffer.length < bytes) this.buffer = Buffer.alloc(Math.ceil(bytes / SCAN_BYTES) * SCAN_BYTES);
    const into = this.buffer.subarray(0, bytes);
    return into.subarray(0, await this.read(into, this.offset + HEAD_BYTES));
  }

  /** Tells of the events between the last packet and this one. */
  private gap(head: PacketHead, place: (what: string) => void): Uint8Array | undefined {
    // What begins with a preamble, or with the first packet, lacks nothing.
    const whole = head.preamble ? head.firstEvent : 0;
    const expected = this.expected ?? { seq: head.preamble ? head.seq : 0, event: whole };
    this.expected = { seq: head.seq + 1, event: head.firstEvent + (head.preamble ? 0 : head.events) };
    if (head.seq !== expected.seq && this.damages.length === this.told)
      place(`packets ${expected.seq} to ${head.seq - 1} are missing`);
    this.told = this.damages.length;
    const missing = head.firstEvent - expected.event;
    if (head.seq !== expected.seq || missing !== 0) this.wanted = true;
    if (missing <= 0) return undefined;
    this.missing += missing;
    return this.reading.lost(head.begin, missing);
  }

  /** Preambles are for what begins with them, or follows a gap; elsewhere all is known already. */
  private wants(head: PacketHead): boolean {
    if (head.segment !== this.segment) {
      this.segment = head.segment;
      this.telling = this.wanted;
      this.wanted = false;
    }
    return this.telling;
  }
}
