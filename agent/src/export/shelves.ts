// SPDX-License-Identifier: Apache-2.0
import type { Blocks } from './device_series.js';
import type { MetricKey } from './metric_table.js';
import { Block, type Lines } from './series.js';

/** Devices whose text is kept as one: a scrape has so many times fewer pieces to write, and a change so much more to write anew. */
const TOGETHER = 8;

/** The blocks of all devices, some devices together. */
export class Shelves {
  private shown: readonly Blocks[] = [];
  private shelves: ReadonlyMap<MetricKey, Block>[] = [];

  /** What is to be shown, in order; from the first that is another one than before, blocks are put together anew. */
  arrange(shown: readonly Blocks[]): void {
    const most = Math.max(shown.length, this.shown.length);
    let same = 0;
    while (same < most && shown[same] === this.shown[same]) same++;
    if (same === most) return;
    this.shown = shown;
    this.shelves.length = Math.floor(same / TOGETHER);
    for (let from = this.shelves.length * TOGETHER; from < shown.length; from += TOGETHER)
      this.shelves.push(shelf(shown.slice(from, from + TOGETHER)));
  }

  collect(lines: Lines): void {
    for (const blocks of this.shelves) for (const [key, block] of blocks) lines[key].push(block);
  }
}

function shelf(devices: readonly Blocks[]): Map<MetricKey, Block> {
  const parts = new Map<MetricKey, Block[]>();
  for (const [key, block] of devices.flat()) parts.set(key, [...(parts.get(key) ?? []), block]);
  return new Map([...parts].map(([key, blocks]) => [key, new Block(blocks)]));
}
