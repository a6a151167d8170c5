// SPDX-License-Identifier: Apache-2.0
/** One trace on disk: a folder with `metadata` and `stream_NNNNNN`, one file a segment. */
import {
  closeSync,
  constants,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type DiskLimits, makeRoom, room } from './disk.js';
import { PacketBuilder, type RecordFormat } from './packet.js';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants;
const FILE_MODE = 0o600;
const DIR_MODE = 0o700;

export interface TracePlace {
  /** The folder of all traces. */
  readonly dir: string;
  readonly limits: DiskLimits;
  readonly format: RecordFormat;
  /** Every trace that is being written. */
  readonly open: () => readonly TraceFiles[];
}

export const uuidBytes = (uuid: string): Buffer => Buffer.from(uuid.replaceAll('-', ''), 'hex');

function create(path: string): number {
  return openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, FILE_MODE);
}

/** Names survive a crash of the machine only when their folder has been written. */
function syncFolder(path: string): void {
  const fd = openSync(path, O_RDONLY | O_DIRECTORY);
  fsyncSync(fd);
  closeSync(fd);
}

/** Throws whatever the file system says; what could not be written counts as discarded. */
export class TraceFiles {
  private readonly folder: string;
  private readonly packets: PacketBuilder;
  private fd = -1;
  private written = 0;
  private segment = 0;
  private failing = false;
  /** Events of the write that failed last. */
  dropped = 0;
  /** The file that is being written. */
  path = '';

  constructor(
    private readonly place: TracePlace,
    what: { readonly name: string; readonly uuid: string; readonly metadata: string },
  ) {
    this.folder = join(place.dir, what.name);
    this.packets = new PacketBuilder(uuidBytes(what.uuid), place.format);
    mkdirSync(this.folder, { recursive: false, mode: DIR_MODE });
    const fd = create(join(this.folder, 'metadata'));
    writeSync(fd, what.metadata);
    fsyncSync(fd);
    closeSync(fd);
  }

  /**
   * Begins a new file, with room for that many bytes if older traces can make it. In place of one into which nothing
   * could be written: who reads the first segment knows that none before it was removed to make room.
   */
  begin(reserve: number): void {
    this.end();
    if (this.segment === 0 || this.written > 0) this.segment++;
    this.path = join(this.folder, `stream_${String(this.segment).padStart(6, '0')}`);
    this.makeRoom(reserve);
    this.fd = create(this.path);
    this.written = 0;
    syncFolder(this.folder);
  }

  /** One packet, whole or not at all. True if it is the first since a failure. */
  write(records: Uint8Array, preamble: boolean, missing: number): boolean {
    if (missing) this.packets.skip(missing);
    const packet = this.packets.build(records, this.segment, preamble);
    try {
      this.append(packet);
    } catch (err) {
      this.failing = true;
      this.dropped = this.packets.drop();
      throw err;
    }
    const again = this.failing;
    this.failing = false;
    return again;
  }

  close(): void {
    this.end();
  }

  private makeRoom(bytes: number): boolean {
    const keep = new Set(this.place.open().map((t) => t.path));
    keep.add(this.path);
    return makeRoom(this.place.dir, this.place.limits, bytes, keep);
  }

  private append(packet: Uint8Array): void {
    if (this.fd < 0) throw new Error(`${this.path}: could not be created`);
    if (room(this.place.dir, this.place.limits) < packet.length && !this.makeRoom(packet.length))
      throw new Error(`${this.place.dir}: the disk is at its free-space floor`);
    try {
      for (let done = 0; done < packet.length; )
        done += writeSync(this.fd, packet, done, packet.length - done, this.written + done);
      this.written += packet.length;
    } catch (err) {
      ftruncateSync(this.fd, this.written);
      throw err;
    }
  }

  private end(): void {
    if (this.fd < 0) return;
    const { fd } = this;
    this.fd = -1;
    try {
      fdatasyncSync(fd);
    } finally {
      closeSync(fd);
      if (this.written === 0) unlinkSync(this.path);
    }
  }
}
