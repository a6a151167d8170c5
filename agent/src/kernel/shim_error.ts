// SPDX-License-Identifier: Apache-2.0
import { getSystemErrorName } from 'node:util';

/** A shim function failed: which, with what errno, and libbpf's words for it. */
export class ShimError extends Error {
  readonly code: string;
  constructor(
    readonly operation: string,
    readonly errno: number,
    why: string,
  ) {
    super(why || `${operation} failed`);
    this.name = 'ShimError';
    this.code = errno < 0 ? getSystemErrorName(errno) : '';
  }
}
