// SPDX-License-Identifier: Apache-2.0
/** How far the wall clock may be off: traces of two hosts are compared by it. */
import ffi from 'ffi-napi';
import type { Pointer } from 'ref-napi';

/** struct timex of a 64-bit Linux; `modes` 0 asks and changes nothing. */
const TIMEX_BYTES = 208;
const MAXERROR_AT = 24;
const STATUS_AT = 40;
const STA_UNSYNC = 0x40;
const NS_PER_US = 1000n;

/** The kernel's own bound for CLOCK_REALTIME, ns; undefined where nothing synchronises it, or it cannot be asked. */
export function clockError(): bigint | undefined {
  const timex = Buffer.alloc(TIMEX_BYTES);
  try {
    const { adjtimex } = ffi.Library('libc.so.6', { adjtimex: ['int', ['pointer']] });
    if (adjtimex(timex as unknown as Pointer<unknown>) < 0) return undefined;
  } catch {
    return undefined; // another C library: the trace then says nothing of its clock
  }
  if (timex.readInt32LE(STATUS_AT) & STA_UNSYNC) return undefined;
  return timex.readBigInt64LE(MAXERROR_AT) * NS_PER_US;
}
