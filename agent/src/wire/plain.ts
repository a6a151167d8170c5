// SPDX-License-Identifier: Apache-2.0
import { Cursor } from './cursor.js';
import { Decoder } from './events.gen.js';

/** For all that read single records: it has a view for each kind. */
const decoder = new Decoder(new Cursor());

/** One record as plain data, as its view's toJSON() has it; undefined if it is of no known kind. */
export function plain(record: Uint8Array): Record<string, unknown> | undefined {
  decoder.cursor.reset(record);
  return decoder.current()?.toJSON();
}
