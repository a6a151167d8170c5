// SPDX-License-Identifier: Apache-2.0
/** Protocol buffer messages, written field by field: the wire types that a Perfetto trace and OTLP need. */

const [VARINT, FIXED64, BYTES] = [0, 1, 2] as const;

export class Message {
  private bytes = Buffer.alloc(256);
  private length = 0;

  /** An unsigned whole number; a negative one is written as its 64-bit two's complement. */
  int(field: number, value: number | bigint): this {
    this.varint(BigInt((field << 3) | VARINT));
    this.varint(BigInt.asUintN(64, BigInt(value)));
    return this;
  }

  fixed64(field: number, value: bigint): this {
    this.varint(BigInt((field << 3) | FIXED64));
    this.room(8);
    this.length = this.bytes.writeBigUInt64LE(value, this.length);
    return this;
  }

  text(field: number, value: string): this {
    return this.data(field, Buffer.from(value, 'utf8'));
  }

  message(field: number, value: Message): this {
    return this.data(field, value.content);
  }

  /** Bytes, or a message that has been written before. */
  data(field: number, value: Uint8Array): this {
    this.varint(BigInt((field << 3) | BYTES));
    this.varint(BigInt(value.length));
    this.room(value.length);
    this.bytes.set(value, this.length);
    this.length += value.length;
    return this;
  }

  get content(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  private varint(value: bigint): void {
    this.room(10);
    let rest = value;
    // Small numbers are nearly all of them, and bigints are slow.
    while (rest > 0xffffffffn) {
      this.bytes[this.length++] = Number(rest & 127n) | 128;
      rest >>= 7n;
    }
    let small = Number(rest);
    while (small > 127) {
      this.bytes[this.length++] = (small & 127) | 128;
      small >>>= 7;
    }
    this.bytes[this.length++] = small;
  }

  private room(more: number): void {
    if (this.length + more > this.bytes.length)
      this.bytes = Buffer.concat([this.bytes], Math.max(this.bytes.length * 2, this.length + more));
  }
}
