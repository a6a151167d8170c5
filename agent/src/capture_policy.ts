// SPDX-License-Identifier: Apache-2.0
/**
 * Which findings are captured, and under which name. Judged from record times
 * alone: live and replayed, the same findings name the same captures.
 */
import type { Violation } from './rules/finding.js';

const SECOND = 1_000_000_000n;

/** In seconds, as the trace's environment has them. */
export interface CaptureLimits {
  /** How long a capture goes on after the last finding in it. */
  readonly post: number;
  /** How long it may get, from the finding that it is for. */
  readonly cap: number;
  /** A rule and device are captured once in this time. */
  readonly every: number;
}

export const limitsText = ({ post, cap, every }: CaptureLimits) => `post=${post} cap=${cap} every=${every}`;

/** Undefined if no captures were made. */
export function parseLimits(text: string | undefined): CaptureLimits | undefined {
  const [, post, cap, every] = /^post=(\d{1,9}) cap=(\d{1,9}) every=(\d{1,9})$/.exec(text ?? '') ?? [];
  return every === undefined ? undefined : { post: Number(post), cap: Number(cap), every: Number(every) };
}

const safe = (name: string) => name.replace(/[^A-Za-z0-9_.-]/g, '-');

/** `capture-20261122T220000.123Z-0000-3b-00.2-mmio-rw-while-halted` */
function nameOf(v: Violation): string {
  const stamp = v.wall.replace(/[-:]/g, '').replace(/(\.\d{3})\d*Z$/, '$1Z') || String(v.at_ns);
  return `capture-${stamp}-${safe(v.device || 'host')}-${v.rule}`;
}

export class CapturePolicy {
  /** Captures begun, and findings that got none because their rule and device had one lately. */
  made = 0;
  suppressed = 0;
  private current: { readonly id: string; until: bigint; readonly cap: bigint } | undefined;
  private readonly last = new Map<string, bigint>();

  constructor(private readonly limits: CaptureLimits | undefined) {}

  /** The capture that shows this finding, to be written until a record time; undefined if there is none. */
  of(v: Violation): { readonly id: string; readonly until: bigint } | undefined {
    if (!this.limits) return undefined;
    const at = BigInt(v.at_ns);
    const seconds = (n: number) => BigInt(n) * SECOND;
    if (this.current && at <= this.current.until) {
      const until = at + seconds(this.limits.post);
      this.current.until = until < this.current.cap ? until : this.current.cap;
      return this.current;
    }
    // What is normal for every VMM is no reason to write anything.
    if (v.severity === 'info') return undefined;
    const key = `${v.rule} ${v.device}`;
    const last = this.last.get(key);
    if (last !== undefined && at - last < seconds(this.limits.every)) {
      this.suppressed++;
      return undefined;
    }
    this.last.set(key, at);
    this.made++;
    this.current = {
      id: nameOf(v),
      until: at + seconds(this.limits.post),
      cap: at + seconds(this.limits.cap),
    };
    return this.current;
  }
}
