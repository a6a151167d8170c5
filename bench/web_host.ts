// SPDX-License-Identifier: Apache-2.0
/**
 * The large host of bench/web, a process of its own: web_host DEVICES FINDINGS. Records of a made-up host come through a
 * ring that fills at an even rate, drained or not; judge, metrics and web server are the agent's. Says where its
 * page is, and answers each message with its `HostFigures` since the one before.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { RULES } from '../agent/src/rules/index.js';
import { Stage } from '../agent/test/browser/stage.js';
import { found, violation } from '../agent/test/export/fixture.js';
import { SyntheticHost } from './synthetic_host.js';

export interface HostFigures {
  /** Bytes of records since the start, and of these, what the ring had no room for. */
  readonly made: number;
  readonly lost: number;
  /** The longest time between two drains, ms. */
  readonly longestMs: number;
  readonly residentMb: number;
}

/** --ring.bulk-kib by default. */
const RING_BYTES = 4 << 20;
/** Some 20,000 records: it takes two seconds without a drain to lose one. */
const BYTES_A_SECOND = 2e6;
const DEVICES_A_VM = 4;

const [devices, findings] = process.argv.slice(2).map(Number) as [number, number];
const vms = devices / DEVICES_A_VM;
const host = new SyntheticHost({ vms, devicesPerVm: DEVICES_A_VM, mappings: 16, active: 16, liars: 1 });
const stage = new Stage();
const ring = Buffer.alloc(RING_BYTES);

/** All devices are there, and have been found at fault. */
function prepare(): void {
  while (stage.judge.world.devices.size < devices) stage.feed(ring.subarray(0, host.fill(ring)));
  const names = [...stage.judge.world.devices.values()].map((d) => d.name);
  for (let n = 0; n < findings; n++) {
    const v = violation({ device: names[n % names.length] ?? '', rule: RULES[n % RULES.length]?.id ?? '' });
    stage.find(v, found(v));
  }
}

let [made, lost, longestMs] = [0, 0, 0];

function figures(): HostFigures {
  const since = longestMs;
  longestMs = 0;
  return {
    made,
    lost,
    longestMs: since,
    residentMb: process.memoryUsage.rss() / 1e6,
  };
}

async function drainForEver(): Promise<void> {
  let last = performance.now();
  for (;;) {
    await sleep(1);
    const now = performance.now();
    longestMs = Math.max(longestMs, now - last);
    const due = Math.floor(((now - last) / 1000) * BYTES_A_SECOND);
    last = now;
    made += due;
    lost += Math.max(0, due - RING_BYTES);
    stage.feed(ring.subarray(0, host.fill(ring.subarray(0, Math.min(due, RING_BYTES)))));
  }
}

prepare();
process.on('message', () => process.send?.(figures()));
process.send?.(await stage.open());
await drainForEver();
