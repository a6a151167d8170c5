// SPDX-License-Identifier: Apache-2.0
/** Columns of numbers, small: each as the difference from the one before, in as few bytes as that takes. */

const MAX_BYTES = 8;

/** Whole numbers below 2^53; `client/columns.js` reads them back. */
export class Column {
  private bytes = Buffer.alloc(1 << 12);
  private length = 0;
  private last = 0;
  count = 0;

  push(n: number): void {
    if (this.length + MAX_BYTES > this.bytes.length)
      this.bytes = Buffer.concat([this.bytes], this.bytes.length * 2);
    const delta = n - this.last;
    this.last = n;
    this.count++;
    // The sign is the lowest bit, so that small steps back are small, too.
    let rest = delta < 0 ? -delta * 2 - 1 : delta * 2;
    while (rest >= 128) {
      this.bytes[this.length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.bytes[this.length++] = rest;
  }

  get content(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }
}

/** Columns of one table by their names. */
export type Table = Readonly<Record<string, Column>>;

export const table = <K extends string>(...names: readonly K[]): Record<K, Column> =>
  Object.fromEntries(names.map((name) => [name, new Column()])) as Record<K, Column>;

/** JSON that names the columns and their lengths, its own length before it, and their bytes after it. */
export function pack(head: object, tables: Readonly<Record<string, Table>>): Buffer {
  const columns = Object.values(tables).flatMap((t) => Object.values(t));
  const layout = Object.fromEntries(
    Object.entries(tables).map(([name, t]) => [
      name,
      Object.entries(t).map(([column, { content, count }]) => ({ column, count, bytes: content.length })),
    ]),
  );
  const json = Buffer.from(JSON.stringify({ ...head, layout }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return Buffer.concat([length, json, ...columns.map((c) => c.content)]);
}
