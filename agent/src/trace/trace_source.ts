// SPDX-License-Identifier: Apache-2.0
/** Reads a trace as a Source. What is damaged is said, skipped, and judged as loss; nothing in it is trusted. */
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Source } from '../source.js';
import { crc32c } from './crc32c.js';
import { TraceError } from './error.js';
import type { TraceOrigin } from './metadata.js';
import { type RecordFormat, restoreRecords } from './packet.js';
import { decodeHead, findPacket, HEAD_BYTES, type PacketHead } from './packet_head.js';
import { readOrigin, sizeOf, streamsIn, theTraceIn } from './trace_folder.js';

const MAX_DAMAGES = 1_000;
const SCAN_BYTES = 1 << 20;
const FIRST_SEGMENT = 1;
/** More of nothing than any damage leaves between two packets: what is behind it is not looked for. */
const MAX_SCANNED = 1 << 28;

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

/** What is read of a file; in a test, bytes that never were one. */
export type ReadableFile = Pick<FileHandle, 'read' | 'stat' | 'close'>;

export interface Access {
  open(path: string): Promise<ReadableFile>;
  /** Names of the files of streams, in order. */
  list(folder: string): Promise<readonly string[]>;
}

const FILES: Access = { open: (path) => open(path), list: streamsIn };

/** Waits until a trace that is being written may have grown; false: it will not any more. */
export type Tail = () => Promise<boolean>;

export class TraceSource implements Source {
  /** What was wrong so far; the first 1,000. */
  readonly damages: Damage[] = [];
  /** Events that are known to be missing because of it. */
  missing = 0;
  private readonly uuid: Buffer;
  private file: ReadableFile | undefined;
  /** Of the file that is open, or was last. */
  private name = '';
  private size = 0;
  private offset = 0;
  /** Bytes of the files before it. */
  private before = 0;
  private files: readonly string[] = [];
  private nextFile = 0;
  private listed = false;
  private buffer = Buffer.alloc(0);
  private readonly head = Buffer.alloc(HEAD_BYTES);
  private expected: { seq: number; event: number } | undefined;
  /** How many damages the last good packet had before it. */
  private told = 0;
  /** Is the next preamble to be judged, and the one that is being read? */
  private wanted = true;
  private telling = false;
  private segment = -1;

  constructor(
    readonly folder: string,
    readonly origin: TraceOrigin,
    private readonly reading: Reading,
    private readonly access: Access = FILES,
    private tail?: Tail,
  ) {
    this.uuid = Buffer.from(origin.uuid.replaceAll('-', ''), 'hex');
  }

  /**
   * Throws TraceError naming the path if it is not a trace that this agent can read.
   * With a tail, the end of what is there is not the end until the tail says so.
   */
  static async open(path: string, reading: Reading, tail?: (folder: string) => Tail): Promise<TraceSource> {
    const folder = await theTraceIn(path);
    const origin = await readOrigin(folder);
    const { wire = 'unknown', agent_version = 'unknown' } = origin.env;
    if (wire !== reading.wire)
      throw new TraceError(
        `${folder}: recorded with wire ${wire}, this agent reads ${reading.wire}; use agent ${agent_version}`,
      );
    return new TraceSource(folder, origin, reading, FILES, tail?.(folder));
  }

  /** How much there is to read, now. */
  async bytes(): Promise<number> {
    if (!this.listed) await this.list();
    let sum = 0;
    for (const name of this.files) sum += await sizeOf(join(this.folder, name));
    return sum;
  }

  /** ... and how much of it has been read. */
  get done(): number {
    return this.before + this.offset;
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
    this.tail = undefined;
    this.listed = true;
    this.nextFile = this.files.length;
    await this.shut();
  }

  private async shut(): Promise<void> {
    const { file } = this;
    this.file = undefined;
    await file?.close();
  }

  private async openNext(): Promise<boolean> {
    if (!this.listed) await this.list();
    while (this.nextFile < this.files.length || (await this.grown())) {
      this.name = this.files[this.nextFile++] ?? '';
      this.before += this.offset;
      this.offset = 0;
      this.file = await this.access.open(this.path).catch((err: Error) => {
        this.damage(err.message);
        return undefined;
      });
      if (!this.file) continue;
      this.size = (await this.file.stat()).size;
      return true;
    }
    return false;
  }

  private get path(): string {
    return join(this.folder, this.name);
  }

  /** Older files may have gone meanwhile: what counts is what comes after the one that is open. */
  private async list(): Promise<void> {
    const names = await this.access.list(this.folder);
    this.files = this.listed ? names.filter((name) => name > this.name) : names;
    this.nextFile = 0;
    this.listed = true;
  }

  /** Whether there is more to read, in this file or in a next one: of a trace that is being written, after a wait. */
  private async grown(): Promise<boolean> {
    for (let ended = false; this.tail; ) {
      await this.list();
      const size = (await this.file?.stat())?.size ?? 0;
      if (size > this.size) {
        this.size = size;
        return true;
      }
      if (this.nextFile < this.files.length) return this.file === undefined;
      if (ended) this.tail = undefined;
      else ended = !(await this.tail());
    }
    return false;
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
    while (this.offset < this.size || (await this.grown())) {
      const left = this.size - this.offset;
      if (left < HEAD_BYTES) {
        if (await this.grown()) continue;
        this.damage(
          `the last ${left} bytes are no whole packet (the recorder was killed, or the file was cut)`,
        );
        return undefined;
      }
      await this.read(this.head, this.offset);
      const head = decodeHead(this.head, this.uuid);
      if (typeof head !== 'string') {
        if (head.bytes <= left) return head;
        if (await this.grown()) continue;
        this.damage(
          `the last packet has ${left} of its ${head.bytes} bytes (the recorder was killed, or the file was cut)`,
        );
      } else this.damage(`damaged packet: ${head}`);
      this.offset = await this.findNext(this.offset + 1);
    }
    return undefined;
  }

  /** Where the next head is that its checksum confirms; the file's size if nowhere, or farther than MAX_SCANNED. */
  private async findNext(from: number): Promise<number> {
    const window = Buffer.alloc(Math.min(SCAN_BYTES, Math.max(0, this.size - from)));
    // Windows overlap by less than a head: none is missed between two of them.
    for (let at = from; at < this.size; at += SCAN_BYTES - HEAD_BYTES) {
      if (at - from > MAX_SCANNED) {
        this.damage(`no packet in ${MAX_SCANNED >> 20} MiB: the rest of the file is not read`);
        break;
      }
      const bytes = window.subarray(0, await this.read(window, at));
      for (let n = findPacket(bytes, this.uuid, 0); n >= 0; n = findPacket(bytes, this.uuid, n + 1)) {
        const left = this.size - at - n;
        if (left < HEAD_BYTES) return at + n; // what is cut off at the end is said to be
        const head = bytes.subarray(n, n + HEAD_BYTES);
        if (head.length === HEAD_BYTES && typeof decodeHead(head, this.uuid) !== 'string') return at + n;
      }
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
      // Its size may be what is left of it: the next packet is looked for inside it, too.
      this.offset = await this.findNext(start + 1);
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
    const room = Math.ceil(bytes / SCAN_BYTES) * SCAN_BYTES;
    if (this.buffer.length < bytes) this.buffer = Buffer.alloc(Math.min(room, this.size));
    const into = this.buffer.subarray(0, bytes);
    return into.subarray(0, await this.read(into, this.offset + HEAD_BYTES));
  }

  /** Tells of the events between the last packet and this one. */
  private gap(head: PacketHead, place: (what: string) => void): Uint8Array | undefined {
    // What begins with a later segment lacks nothing: those before it were removed to make room.
    const whole = head.preamble && head.segment > FIRST_SEGMENT ? head.firstEvent : 0;
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
