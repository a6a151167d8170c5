// SPDX-License-Identifier: Apache-2.0
/** Records to CTF packets and back. A record *is* an event, byte for byte, unless its time would go back. */
import { crc32c } from './crc32c.js';
import { encodeHead, HEAD_BYTES } from './packet_head.js';

/** What the records look like, as far as a trace must know; told by those who know what they mean. */
export interface RecordFormat {
  /** Size in bytes by type; undefined where there is no such type. */
  readonly sizes: readonly (number | undefined)[];
  /** Added to the type of an event that carries its time in its context. */
  readonly backdated: number;
  /** The type that says that others were lost, and where in it stands how many (u64). */
  readonly lostType: number;
  readonly lostCountAt: number;
}

const TIME_HI = 4;
const TYPE = 8;
/** Bytes of every record before what its kind adds. */
const HEADER = 32;
const TIME_BYTES = 8;

/** One stream's packets, in order. */
export class PacketBuilder {
  private out = new Uint8Array(0);
  private seq = 0;
  private nextEvent = 0;
  private discarded = 0;
  private hi = 0;
  private lo = 0;
  /** Events of the packet built last; preambles have none. */
  private last = 0;

  constructor(
    private readonly uuid: Uint8Array,
    private readonly format: RecordFormat,
  ) {}

  /** That many events will not come. */
  skip(events: number): void {
    this.nextEvent += events;
    this.discarded += events;
  }

  /** The packet built last did not get into the trace: how many events that was. */
  drop(): number {
    this.discarded += this.last;
    return this.last;
  }

  /** The packet of these whole records; valid until the next call. Preambles are not counted as events. */
  build(records: Uint8Array, segment: number, preamble: boolean): Uint8Array {
    const { events, backdated, lost, begin } = this.survey(records);
    const bytes = HEAD_BYTES + records.length + backdated * TIME_BYTES;
    if (this.out.length < bytes) this.out = new Uint8Array(Math.max(bytes, 2 * this.out.length));
    const packet = this.out.subarray(0, bytes);
    if (backdated) this.backdate(records, packet.subarray(HEAD_BYTES), begin);
    else packet.set(records, HEAD_BYTES);
    if (!preamble) this.discarded += lost;
    encodeHead(packet, this.uuid, {
      begin,
      end: this.now(),
      bytes,
      seq: this.seq++,
      discarded: this.discarded,
      firstEvent: this.nextEvent,
      events,
      backdated,
      segment,
      preamble,
      payloadCrc: crc32c(packet.subarray(HEAD_BYTES)),
    });
    this.last = preamble ? 0 : events;
    this.nextEvent += this.last;
    return packet;
  }

  private now(): bigint {
    return (BigInt(this.hi) << 32n) | BigInt(this.lo);
  }

  /** Counts, and moves the stream's time on. */
  private survey(records: Uint8Array) {
    const v = new DataView(records.buffer, records.byteOffset, records.byteLength);
    const { sizes, lostType, lostCountAt } = this.format;
    let [events, backdated, lost] = [0, 0, 0];
    let begin: bigint | undefined;
    for (let at = 0; at < records.length; events++) {
      const hi = v.getUint32(at + TIME_HI, true);
      const lo = v.getUint32(at, true);
      if (hi > this.hi || (hi === this.hi && lo >= this.lo)) {
        this.hi = hi;
        this.lo = lo;
      } else backdated++;
      begin ??= this.now();
      const type = v.getUint32(at + TYPE, true);
      if (type === lostType) lost += Number(v.getBigUint64(at + lostCountAt, true));
      at += sizes[type] ?? records.length;
    }
    return { events, backdated, lost, begin: begin ?? this.now() };
  }

  /** Copies the records; those older than one before them get its time, and keep their own behind their header. */
  private backdate(records: Uint8Array, to: Uint8Array, begin: bigint): void {
    const v = new DataView(records.buffer, records.byteOffset, records.byteLength);
    const w = new DataView(to.buffer, to.byteOffset, to.byteLength);
    let now = begin;
    let done = 0;
    for (let at = 0; at < records.length; ) {
      const type = v.getUint32(at + TYPE, true);
      const size = this.format.sizes[type] ?? records.length - at;
      const time = v.getBigUint64(at, true);
      if (time >= now) {
        now = time;
        to.set(records.subarray(at, at + size), done);
        done += size;
      } else {
        to.set(records.subarray(at, at + HEADER), done);
        w.setBigUint64(done, now, true);
        w.setUint32(done + TYPE, type + this.format.backdated, true);
        w.setBigUint64(done + HEADER, time, true);
        to.set(records.subarray(at + HEADER, at + size), done + HEADER + TIME_BYTES);
        done += size + TIME_BYTES;
      }
      at += size;
    }
  }
}

/** The records of a payload with backdated events, in place; undefined if the payload is not what it says. */
export function restoreRecords(payload: Uint8Array, format: RecordFormat): Uint8Array | undefined {
  const v = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  let done = 0;
  for (let at = 0; at < payload.length; ) {
    if (at + HEADER > payload.length) return undefined;
    const id = v.getUint32(at + TYPE, true);
    const moved = id >= format.backdated;
    const type = moved ? id - format.backdated : id;
    const size = format.sizes[type];
    if (size === undefined || at + size + (moved ? TIME_BYTES : 0) > payload.length) return undefined;
    if (moved) {
      const time = v.getBigUint64(at + HEADER, true);
      payload.copyWithin(done, at, at + HEADER);
      v.setBigUint64(done, time, true);
      v.setUint32(done + TYPE, type, true);
      payload.copyWithin(done + HEADER, at + HEADER + TIME_BYTES, at + TIME_BYTES + size);
      at += TIME_BYTES;
    } else payload.copyWithin(done, at, at + size);
    done += size;
    at += size;
  }
  return payload.subarray(0, done);
}
