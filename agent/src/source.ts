// SPDX-License-Identifier: Apache-2.0
/** Where records come from: a live kernel, a trace, a test. The same to all that judge them. */
export interface Source {
  /**
   * The next whole records in time order, or undefined at the end. The bytes are
   * valid until the next call.
   */
  next(): Promise<Uint8Array | undefined>;
  close(): Promise<void>;
}
