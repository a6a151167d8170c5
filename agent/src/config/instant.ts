// SPDX-License-Identifier: Apache-2.0
/** Times on the command line: seconds as `print` shows them, or the time of day. */
import { UsageError } from './usage.js';

/** ns since the first record, or CLOCK_REALTIME ns. */
export type Instant = { readonly since: number } | { readonly wall: bigint };

const SECONDS = /^\d{1,9}(\.\d{1,9})?$/;
/** With its zone: what a trace says must not depend on where it is read. */
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;

export function parseInstant(flag: string, text: string | undefined): Instant | undefined {
  if (text === undefined) return undefined;
  if (SECONDS.test(text)) return { since: Math.round(Number(text) * 1e9) };
  const ms = ISO.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return { wall: BigInt(ms) * 1_000_000n };
  throw new UsageError(
    `--${flag}=${text}: expected seconds as print shows them (12.5), or a time with its zone (2026-11-23T03:00:00Z)`,
  );
}
