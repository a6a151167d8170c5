// SPDX-License-Identifier: Apache-2.0
import type { Violation } from '../rules/finding.js';

/** Integers over 2^53 are hex strings everywhere in the interface; JSON has no bigint. */
export function exact(_key: string, value: unknown): unknown {
  if (typeof value !== 'bigint') return value;
  const n = Number(value);
  return Number.isSafeInteger(n) ? n : `0x${value.toString(16)}`;
}

/**
 * The one JSON form of a violation, without newline: made once, then shared by
 * the file and the API. A record of 64 events is some 15 kB. `capture` is the
 * folder of the trace that the flight recorder made of it, if it made one.
 */
export function violationJson(v: Violation, capture?: string): string {
  return JSON.stringify({ ...v, capture: capture ?? null }, exact);
}
