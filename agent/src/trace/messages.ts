// SPDX-License-Identifier: Apache-2.0
/** What the thread that records says to the one that writes, and back. */
import type { DiskLimits } from './disk.js';
import type { RecordFormat } from './packet.js';

export interface Setup {
  readonly dir: string;
  readonly limits: DiskLimits;
  readonly format: RecordFormat;
}

/** `trace` numbers the traces that are being written: the recording itself, and captures. */
export type ToWriter =
  | {
      readonly op: 'open';
      readonly trace: number;
      readonly name: string;
      readonly uuid: string;
      readonly metadata: string;
    }
  /** Begins a new file. */
  | { readonly op: 'segment'; readonly trace: number; readonly reserve: number }
  | {
      readonly op: 'packet';
      readonly trace: number;
      readonly records: Uint8Array<SharedArrayBuffer>;
      readonly preamble: boolean;
      /** Events that did not get this far since the packet before. */
      readonly missing: number;
    }
  | { readonly op: 'close'; readonly trace: number }
  /** Everything before it has been dealt with when it is answered. */
  | { readonly op: 'sync' };

export type FromWriter =
  | { readonly op: 'took'; readonly trace: number; readonly bytes: number }
  /** A packet could not be written: `events` are missing from here on. */
  | { readonly op: 'failed'; readonly trace: number; readonly events: number; readonly error: string }
  | { readonly op: 'worked'; readonly trace: number }
  | { readonly op: 'synced' };
