// SPDX-License-Identifier: Apache-2.0
/** Text is kept from scrape to scrape: what a scrape says must not depend on those before it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { State } from '../../src/model/fsm.js';
import { Host, scrape, violation } from './fixture.js';

const DEVICES = 20;
const LINGER_MS = 120_000;
const name = (dev: number) => `0000:00:${dev.toString(16).padStart(2, '0')}.0`;

/** Devices come, change and go; more of them than are kept together. */
const STEPS: readonly ((host: Host) => void)[] = [
  (h) => h.metrics.onViolation(violation({ device: name(9) })), // before its device
  ...Array.from({ length: DEVICES }, (_, n) => (h: Host) => h.open(n + 1, name(n + 1))),
  (h) => h.set(3, 2, State.RUNNING, State.STOP),
  (h) => h.feed('irq', { dev: 3, irq: 4 }),
  (h) => h.feed('set_irqs', { dev: 12, flags: 0x24, index: 4, count: 1 }),
  (h) => h.feed('dma_map', { container: 5, iova: 0x1000n, size: 0x1000n }),
  (h) => h.feed('p2p_map', { container: 5, iova: 0x1000n, size: 0x1000n, target: 2 }),
  (h) => h.feed('vm', { tgid: 100, name: 'renamed' }),
  (h) => h.close(8, 2),
  (h) => {
    h.clock += LINGER_MS; // and its series go
  },
  (h) => h.open(40, name(8)),
];

/** What says something of the devices; in which order they came to be counted is not what this is about. */
async function told(host: Host): Promise<string[]> {
  return [...(await scrape(host.metrics))]
    .filter(([line]) => line.includes('{device='))
    .map(String)
    .sort();
}

for (const maxSeries of [100_000, 500])
  test(`at most ${maxSeries} series: as told by who is scraped at each step and who never was`, async () => {
    const often = new Host({ maxSeries });
    for (const [n, step] of STEPS.entries()) {
      step(often);
      const never = new Host({ maxSeries });
      for (const earlier of STEPS.slice(0, n + 1)) earlier(never);
      assert.deepEqual(await told(often), await told(never), `step ${n}`);
    }
  });
