// SPDX-License-Identifier: Apache-2.0
/**
 * The last violations, for the API. Kept as UTF-8 JSON: a quarter of the memory of the
 * objects, and answering a request copies bytes instead of serialising in the drain's thread.
 */

import type { Violation } from '../rules/finding.js';
import type { Finding } from '../rules/found.js';
import { exact } from './violation_json.js';

export const RECENT_MAX = 1_000;

interface Kept {
  readonly line: Buffer;
  readonly brief: string;
  readonly finding: Finding;
}

/** The record as it was found, with how often it has happened since, and the last time in full. */
function counted({ line, finding }: Kept, base: bigint): Buffer {
  const { count, lastAt, lastEvent = null } = finding;
  const last_at_ns = exact('', base + BigInt(Math.trunc(lastAt)));
  const more = JSON.stringify({ count, last_at_ns, last_event: lastEvent }, exact);
  return Buffer.concat([line.subarray(0, -1), Buffer.from(`,${more.slice(1)}`)]);
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

  /** Changes whenever the answer would: with each violation and each repetition of one that is kept. */
  get version(): string {
    return `${this.made}-${this.ring.reduce((sum, { finding }) => sum + finding.count, 0)}`;
  }

  /** `line` is the violation as one JSON object. Its number is what `made` was before. */
  add(line: string, v: Violation, finding: Finding): void {
    this.ring[this.made % this.max] = { line: Buffer.from(line), brief: brief(this.made, v), finding };
    this.made++;
  }

  /** A JSON array, newest first. `base` is the CLOCK_MONOTONIC that findings count their time from. */
  toJSONBytes(limit: number, base: bigint): Buffer {
    const parts = this.newest(limit).flatMap((kept, i) => [
      Buffer.from(i === 0 ? '' : ',\n'),
      counted(kept, base),
    ]);
    return Buffer.concat([Buffer.from('['), ...parts, Buffer.from(']\n')]);
  }

  /** JSON objects, newest first. */
  briefs(limit: number): string[] {
    return this.newest(limit).map((kept) => kept.brief);
  }

  /** Violation number `n` as JSON; undefined if there is none such, or no longer. */
  one(n: number, base: bigint): Buffer | undefined {
    const kept = n >= 0 && n < this.made && n >= this.made - this.max ? this.ring[n % this.max] : undefined;
    return kept && counted(kept, base);
  }

  private newest(limit: number): Kept[] {
    const n = Math.min(limit, this.ring.length);
    return Array.from({ length: n }, (_, i) => this.ring[(this.made - 1 - i) % this.max] as Kept);
  }
}
