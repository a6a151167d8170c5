// SPDX-License-Identifier: Apache-2.0
/**
 * The last violations, for the API. Kept as UTF-8 JSON: a quarter of the memory of the
 * objects, and answering a request copies bytes instead of serialising in the drain's thread.
 */
import type { Violation } from '../rules/finding.js';

export const RECENT_MAX = 1_000;

interface Kept {
  readonly line: Buffer;
  readonly brief: string;
}

/** What a list of violations shows; `n` asks for the rest. */
const brief = (n: number, v: Violation) =>
  JSON.stringify({
    n,
    rule: v.rule,
    severity: v.severity,
    advisory: v.advisory,
    confidence: v.confidence,
    reason: v.reason,
    statement: v.statement,
    device: v.device,
    vm: v.vm,
    state: v.state,
    // Text: a page computes with it, and 2^53 is no bound there.
    at_ns: String(BigInt(v.at_ns)),
    wall: v.wall,
  });

export class Recent {
  private readonly ring: Kept[] = [];
  /** Violations ever added; also tells a reader whether anything is new. */
  made = 0;

  constructor(private readonly max = RECENT_MAX) {}

  /** `line` is the violation as one JSON object. Its number is what `made` was before. */
  add(line: string, v: Violation): void {
    this.ring[this.made % this.max] = { line: Buffer.from(line), brief: brief(this.made, v) };
    this.made++;
  }

  /** A JSON array, newest first. */
  toJSONBytes(limit: number): Buffer {
    const parts = this.newest(limit).flatMap(({ line }, i) => [Buffer.from(i === 0 ? '' : ',\n'), line]);
    return Buffer.concat([Buffer.from('['), ...parts, Buffer.from(']\n')]);
  }

  /** JSON objects, newest first. */
  briefs(limit: number): string[] {
    return this.newest(limit).map((kept) => kept.brief);
  }

  /** Violation number `n` as JSON; undefined if there is none such, or no longer. */
  one(n: number): Buffer | undefined {
    return n >= 0 && n < this.made && n >= this.made - this.max ? this.ring[n % this.max]?.line : undefined;
  }

  private newest(limit: number): Kept[] {
    const n = Math.min(limit, this.ring.length);
    return Array.from({ length: n }, (_, i) => this.ring[(this.made - 1 - i) % this.max] as Kept);
  }
}
