// SPDX-License-Identifier: Apache-2.0
/** What stands before the events of a packet: CTF's packet header and packet context, and their TSDL. */
import { crc32c } from './crc32c.js';

const CTF_MAGIC = 0xc1fc1fc1;
const UUID_BYTES = 16;
export const HEAD_BYTES = 112;
/** A packet is never larger than this, in a file or in memory. */
export const MAX_PACKET_BYTES = 64 << 20;

/** The `struct`s of HEAD_BYTES, field by field as encodeHead() writes them. */
export const HEADER_TSDL = `struct {
		u32 magic;
		integer { size = 8; align = 8; signed = false; } uuid[16];
		u32 stream_id;
		u64 stream_instance_id;
	}`;
export const CONTEXT_TSDL = `struct {
		monotonic_ns timestamp_begin;
		monotonic_ns timestamp_end;
		u64 content_size;
		u64 packet_size;
		u64 packet_seq_num;
		u64 events_discarded;
		u64 first_event;
		u32 events;
		u32 backdated;
		u32 segment;
		u32 preamble;
		u32 payload_crc32c;
		u32 head_crc32c;
	}`;

export interface PacketHead {
  /** CLOCK_MONOTONIC ns, never before the packet before it. */
  readonly begin: bigint;
  readonly end: bigint;
  /** Of the whole packet, head included. There is no padding: CTF's content size is the same. */
  readonly bytes: number;
  /** Counts every packet of the trace. */
  readonly seq: number;
  /** Events that are not in the trace, up to the end of this packet. */
  readonly discarded: number;
  /** Ordinal of its first event; those of preambles do not count, those that were dropped do. */
  readonly firstEvent: number;
  readonly events: number;
  /** How many of them carry their time in a context of their own. */
  readonly backdated: number;
  readonly segment: number;
  /** Its events are no events of this time: they say what was known when the segment began. */
  readonly preamble: boolean;
  readonly payloadCrc: number;
}

const view = (b: Uint8Array) => new DataView(b.buffer, b.byteOffset, b.byteLength);

/** Writes the head into the first HEAD_BYTES of a packet. */
export function encodeHead(into: Uint8Array, uuid: Uint8Array, h: PacketHead): void {
  const v = view(into);
  v.setUint32(0, CTF_MAGIC, true);
  into.set(uuid, 4);
  v.setUint32(20, 0, true);
  v.setBigUint64(24, 0n, true);
  v.setBigUint64(32, h.begin, true);
  v.setBigUint64(40, h.end, true);
  v.setBigUint64(48, BigInt(h.bytes) * 8n, true);
  v.setBigUint64(56, BigInt(h.bytes) * 8n, true);
  v.setBigUint64(64, BigInt(h.seq), true);
  v.setBigUint64(72, BigInt(h.discarded), true);
  v.setBigUint64(80, BigInt(h.firstEvent), true);
  v.setUint32(88, h.events, true);
  v.setUint32(92, h.backdated, true);
  v.setUint32(96, h.segment, true);
  v.setUint32(100, h.preamble ? 1 : 0, true);
  v.setUint32(104, h.payloadCrc, true);
  v.setUint32(108, crc32c(into.subarray(0, HEAD_BYTES - 4)), true);
}

/** The head at the start of these bytes; a string says what is wrong with it. */
export function decodeHead(bytes: Uint8Array, uuid: Uint8Array): PacketHead | string {
  const v = view(bytes);
  if (v.getUint32(0, true) !== CTF_MAGIC) return 'no packet begins here';
  if (v.getUint32(108, true) !== crc32c(bytes.subarray(0, HEAD_BYTES - 4)))
    return 'the checksum of its head is wrong';
  if (Buffer.compare(bytes.subarray(4, 4 + UUID_BYTES), uuid) !== 0) return 'it belongs to another trace';
  const n = (at: number) => Number(v.getBigUint64(at, true));
  const head: PacketHead = {
    begin: v.getBigUint64(32, true),
    end: v.getBigUint64(40, true),
    bytes: n(56) / 8,
    seq: n(64),
    discarded: n(72),
    firstEvent: n(80),
    events: v.getUint32(88, true),
    backdated: v.getUint32(92, true),
    segment: v.getUint32(96, true),
    preamble: v.getUint32(100, true) === 1,
    payloadCrc: v.getUint32(104, true),
  };
  const { bytes: size } = head;
  if (n(48) / 8 !== size || !Number.isInteger(size) || size < HEAD_BYTES || size > MAX_PACKET_BYTES)
    return `its size makes no sense (${size} bytes)`;
  if (!Number.isSafeInteger(head.seq) || !Number.isSafeInteger(head.firstEvent))
    return 'its numbers make no sense';
  return head;
}

/** Where the next packet may begin in these bytes, from `from` on; -1 nowhere. */
export function findPacket(bytes: Buffer, uuid: Uint8Array, from: number): number {
  const start = Buffer.alloc(4 + UUID_BYTES);
  start.writeUInt32LE(CTF_MAGIC);
  start.set(uuid, 4);
  return bytes.indexOf(start, from);
}
