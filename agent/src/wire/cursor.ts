// SPDX-License-Identifier: Apache-2.0
/** Reading and writing the bytes of records; knows numbers and offsets, not what they mean. */

/** A plain value whose unit or identity the compiler keeps apart from all others. */
export type Brand<T, Name extends string> = T & { readonly __is?: Name };

/** What a field is on the wire. */
export type FieldType = 'u32' | 'i32' | 'u64' | 'i64' | 'chars';
/** How it is put into plain data: an address in hex; a number exactly, in hex where a double cannot; as it is read. */
export type Shown = 'hex' | 'exact' | 'as-is';

const TWO32 = 2 ** 32;
/** Every record is a whole number of these; see wire.h. */
const WORD = 4;

/**
 * A place in a batch of records. Times are read relative to `base`, so that they
 * stay exact in a double for 104 days of trace, whatever the host's uptime.
 */
export class Cursor {
  private view: DataView = new DataView(new ArrayBuffer(0));
  private buf: Buffer = Buffer.alloc(0);
  private words: Uint32Array = new Uint32Array(0);
  private aligned = new Uint8Array(0);
  private end = 0;
  private baseHi = 0;
  private baseLo = 0;
  /** Byte offset of the current record in the batch. */
  at = 0;

  /** CLOCK_MONOTONIC, in ns, that relative times count from. */
  get base(): bigint {
    return (BigInt(this.baseHi) << 32n) | BigInt(this.baseLo);
  }

  set base(ns: bigint) {
    this.baseHi = Number(ns >> 32n);
    this.baseLo = Number(ns & 0xffffffffn);
  }

  /** Moves to the start of a batch; its bytes must not change while it is read. */
  reset(batch: Uint8Array): void {
    const { buffer, byteOffset, byteLength } = batch.byteOffset % WORD === 0 ? batch : this.align(batch);
    this.view = new DataView(buffer, byteOffset, byteLength);
    this.buf = Buffer.from(buffer, byteOffset, byteLength);
    this.words = new Uint32Array(buffer, byteOffset, byteLength >> 2);
    this.end = byteLength;
    this.at = 0;
  }

  /** A batch that stands behind a file's header may begin anywhere; records are copied by words. */
  private align(batch: Uint8Array): Uint8Array {
    if (this.aligned.length < batch.length) this.aligned = new Uint8Array(batch.length);
    this.aligned.set(batch);
    return this.aligned.subarray(0, batch.length);
  }

  /** Bytes from here to the end of the batch. */
  get remaining(): number {
    return this.end - this.at;
  }

  /** Fields are read as words of the batch: one bounds check, and the compiler knows the rest. */
  u32(o: number): number {
    return this.words[(this.at + o) >> 2] as number;
  }

  i32(o: number): number {
    return (this.words[(this.at + o) >> 2] as number) | 0;
  }

  /** Exact to 2^53, rounded above; `hex` and `exact` never round. */
  u64(o: number): number {
    return this.u32(o + 4) * TWO32 + this.u32(o);
  }

  i64(o: number): number {
    return this.i32(o + 4) * TWO32 + this.u32(o);
  }

  /** A CLOCK_MONOTONIC time as ns since `base`. */
  time(o: number): number {
    return (this.u32(o + 4) - this.baseHi) * TWO32 + (this.u32(o) - this.baseLo);
  }

  big(o: number): bigint {
    return this.view.getBigUint64(this.at + o, true);
  }

  hex(o: number): string {
    return `0x${this.big(o).toString(16)}`;
  }

  /**
   * Copies `size` bytes from `from` on to `into`, from its word `to` on. Records are a few
   * words long: a loop is done before a call of set() has made its subarray.
   */
  copy(from: number, size: number, into: Uint32Array, to: number): void {
    const { words } = this;
    for (let i = 0; i < size >> 2; i++) into[to + i] = words[(from >> 2) + i] as number;
  }

  /** A copy of the next `size` bytes. */
  bytes(size: number): Uint8Array {
    const { buffer, byteOffset } = this.view;
    return new Uint8Array(buffer.slice(byteOffset + this.at, byteOffset + this.at + size) as ArrayBuffer);
  }

  /** For JSON: a number where a double holds it, else a hex string. */
  exact(o: number): number | string {
    const n = this.u64(o);
    return Number.isSafeInteger(n) ? n : this.hex(o);
  }

  /** A field as plain data. */
  plain(o: number, type: FieldType, size: number, shown: Shown): number | string {
    if (shown === 'hex') return this.hex(o);
    if (shown === 'exact') return this.exact(o);
    return type === 'chars' ? this.str(o, size) : this[type](o);
  }

  /** A char array up to its first NUL. */
  str(o: number, size: number): string {
    const from = this.at + o;
    const nul = this.buf.indexOf(0, from);
    const to = nul < 0 || nul > from + size ? from + size : nul;
    return this.buf.toString('utf8', from, to);
  }
}

/** One record's bytes, written field by field; what is not written is zero. */
export class RecordWriter {
  readonly bytes: Uint8Array;
  private readonly view: DataView;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
  }

  put(offset: number, type: FieldType, size: number, value: number | bigint | string): void {
    if (typeof value === 'string') {
      // The last byte stays NUL.
      this.bytes.set(Buffer.from(value, 'utf8').subarray(0, size - 1), offset);
    } else if (type === 'u32') this.view.setUint32(offset, Number(value), true);
    else if (type === 'i32') this.view.setInt32(offset, Number(value), true);
    else if (type === 'u64') this.view.setBigUint64(offset, BigInt(value), true);
    else this.view.setBigInt64(offset, BigInt(value), true);
  }
}
