// SPDX-License-Identifier: Apache-2.0
/**
 * `node build/agent/test/trace/check.js TRACE...`: babeltrace2 reads in each what our own reader does, with
 * the same losses and no complaint but of them. For the traces that lab cases leave; exit 1 where it does not.
 */
import { basename } from 'node:path';
import { EvType, RECORD_SIZES } from '../../src/wire/events.gen.js';
import { babeltrace, sameEvents } from './babeltrace.js';
import { read } from './recorded.js';

/** What the lost records in these say in all. */
function lostIn(batches: readonly Uint8Array[]): number {
  let sum = 0;
  for (const batch of batches) {
    const b = Buffer.from(batch);
    for (let at = 0; at < b.length; at += RECORD_SIZES[b.readUInt32LE(at + 8)] ?? b.length)
      if (b.readUInt32LE(at + 8) === EvType.LOST) sum += Number(b.readBigUInt64LE(at + 40));
  }
  return sum;
}

let failed = 0;
for (const path of process.argv.slice(2)) {
  try {
    const { bytes, batches, damages } = await read(path);
    if (damages.length > 0) throw new Error(damages.join('; '));
    const { lines, errors } = babeltrace(path);
    // Later segments begin with what is known already: our own reader skips that.
    sameEvents(
      lines.filter((line) => !/ segment = (?!1,)\d+, preamble = 1,/.test(line)),
      bytes,
    );
    // Of what the first packet lost it cannot say how much.
    const [first, later] = [lostIn(batches.slice(0, 1)), lostIn(batches.slice(1))];
    const vague = first > 0 ? errors.replace(/^WARNING: Tracer may have discarded events .*\n/m, '') : errors;
    const told = [...vague.matchAll(/^WARNING: Tracer discarded (\d+) events? .*\n/gm)];
    const discarded = told.reduce((sum, [, n]) => sum + Number(n), 0);
    const rest = told.reduce((text, [line]) => text.replace(line, ''), vague);
    if (rest !== '') throw new Error(`babeltrace2 says: ${rest}`);
    if (discarded !== later)
      throw new Error(`babeltrace2 tells of ${discarded} lost events, the records of ${later}`);
    console.log(
      `passed: babeltrace2 reads ${basename(path)}: ${lines.length} events, ${discarded} discarded`,
    );
  } catch (err) {
    failed = 1;
    console.log(`failed: babeltrace2 reads ${path}: ${(err as Error).message}`);
  }
}
process.exitCode = failed;
