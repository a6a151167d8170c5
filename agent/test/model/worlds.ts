// SPDX-License-Identifier: Apache-2.0
/** What scenarios leave in the world: all that a snapshot tells, but for the records themselves and the host's probes. */
import { snapshot } from '../../src/model/snapshot.js';
import { Cursor } from '../../src/wire/cursor.js';
import { Decoder } from '../../src/wire/events.gen.js';
import { TRACKING } from '../rules/cases/tracking.js';
import * as timelines from '../rules/timelines.js';
import { judged } from '../run.js';

const beforeClose = (text: string) => text.replace(/\n.* closed[\s\S]*/, '');

const V1 = `0 dev1 opened mdev vendor_vgpu flags=none container=1 group=1
  1ms dev1 v1 region
  2ms dev1 v1 read state 1
  1s  dev1 v1 write state 2
  2s  dev1 v1 read pending 100
  3s  dev1 v1 read offset 4096
  4s  dev1 v1 read size 100
  5s  dev1 v1 read data 60`;

const TOUCHED = `0 dev1 opened pci mlx5_vfio_pci container=1 group=1
  1ms dev1 mmap bar0+0 0x1000
  1s  dev1 set STOP
  2s  dev1 region read bar0+0 4
  3s  dev1 region write bar2+0 4
  4s  dev1 fault mapped bar0+0
  5s  dev1 irq MSI tid=9
  6s  dev1 irqs MSIX
  7s  dev1 vcpu 0 tid=9
  8s  dev1 zap config tid=9
  9s  dev1 aer fatal
  10s dev1 repeats irq 40 since=1s
  11s lost bulk 3`;

const MAPPED = `0 container1 join 1
  0 dev1 opened pci mlx5_vfio_pci container=1 group=1
  1s container1 map 0x0 0x100000
  2s container1 map 0xfe000000 0x1000
  2s container1 p2p dev1 bar0+0 0xfe000000 0x1000
  3s container1 map 0xfd000000 0x1000
  3s container1 p2p dev1 bar2+0 0xfd000000 0x1000
  4s container1 gone 0xfe000000 0x1000
  5s container1 track start
  6s container1 track report 0x0 0x100000
  7s container1 unmap 0x80000 0x1000
  8s dev1 set STOP -> -EIO after=1`;

const SCENARIOS: Readonly<Record<string, string>> = {
  'a source before it is closed': beforeClose(timelines.SOURCE + timelines.SOURCE_END),
  'a destination': timelines.DESTINATION,
  'a source that was cancelled': beforeClose(timelines.CANCEL),
  'a stop that failed': beforeClose(timelines.STOP_FAILS),
  'a source by v1': V1,
  'a halted device that was touched': TOUCHED,
  'a container': MAPPED,
  'memory that is not tracked': TRACKING['dirty-range-gap']?.broken['outside warning'] ?? '',
};

type Json = { [key: string]: unknown };

function told(text: string): Json {
  const decoder = new Decoder(new Cursor());
  decoder.cursor.reset(snapshot(judged(text).judge.world));
  let out = '';
  for (let e = decoder.current(); e; decoder.advance(), e = decoder.current())
    if (e.kind === 'snap_text') out += e.text;
  return JSON.parse(out) as Json;
}

/** Objects that are left out: records as bytes, and what the preamble of every scenario says. */
const LEFT_OUT = new Set(['context', 'probes', 'vms', 'cgroups']);

function slim(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(slim);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => !LEFT_OUT.has(key));
  return Object.fromEntries(kept.map(([key, v]) => [key, slim(v)]));
}

export const NAMES = Object.keys(SCENARIOS);

export const world = (name: string): unknown => slim(told(SCENARIOS[name] ?? ''));
