// SPDX-License-Identifier: Apache-2.0
/**
 * The last violations, for the API. Kept as UTF-8 JSON: a quarter of the memory of the
 * objects, and answering a request copies bytes instead of serialising in the drain's thread.
 */
export const RECENT_MAX = 1_000;

export class Recent {
  private readonly ring: Buffer[] = [];
  /** Violations ever added; also tells a reader whether anything is new. */
  made = 0;

  constructor(private readonly max = RECENT_MAX) {}

  /** `line` is one JSON object. */
  add(line: string): void {
    this.ring[this.made % this.max] = Buffer.from(line);
    this.made++;
  }

  /** A JSON array, newest first. */
  toJSONBytes(limit: number): Buffer {
    const parts: Buffer[] = [];
    const n = Math.min(limit, this.ring.length);
    for (let i = 1; i <= n; i++) {
      const line = this.ring[(this.made - i) % this.max];
      if (line) parts.push(Buffer.from(i === 1 ? '' : ',\n'), line);
    }
    return Buffer.concat([Buffer.from('['), ...parts, Buffer.from(']\n')]);
  }
}
