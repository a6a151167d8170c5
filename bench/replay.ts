// SPDX-License-Identifier: Apache-2.0
/** Decode, judge, fold: events per second of CPU. `bench/replay --help` */
import { parseArgs } from 'node:util';
import { Judge } from '../agent/src/judge.js';
import { NO_OBSERVER } from '../agent/src/model/world.js';
import type { EngineOptions } from '../agent/src/rules/engine.js';
import { RULES } from '../agent/src/rules/index.js';
import { DEFAULT_LIMITS } from '../agent/src/rules/limits.js';
import { Policy } from '../agent/src/rules/policy.js';
import { Cursor } from '../agent/src/wire/cursor.js';
import { Decoder, EvType } from '../agent/src/wire/events.gen.js';
import { BUSY_HOST, type HostOptions, SyntheticHost } from './synthetic_host.js';

const BATCH = 1 << 20;
const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '10000000' },
    rounds: { type: 'string', default: '3' },
    mix: { type: 'boolean', default: false },
    memory: { type: 'boolean', default: false },
    flat: { type: 'boolean', default: false },
  },
});

const cpu = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** Made up ahead, so that what is measured is judged from memory and nothing else runs meanwhile. */
const AHEAD = 64;
/** Events until the code is compiled. */
const WARM = 2e6;

interface Result {
  readonly seconds: number;
  /** To find each record, its kind and its time, and do nothing with it: what no judge can be faster than. */
  readonly decoding: number;
  /** Decoding, and all that follows from a record for what is known of the host, while no rule is on. */
  readonly knowing: number;
  readonly events: number;
  readonly findings: Map<string, number>;
  readonly mix: readonly number[];
}

/** The latest time in the batch: something has to come of it, or the compiler would leave it out. */
function decode(decoder: Decoder, batch: Uint8Array): number {
  let last = 0;
  decoder.cursor.reset(batch);
  for (let e = decoder.current(); e; e = decoder.current()) {
    last = Math.max(last, e.at);
    decoder.advance();
  }
  return last;
}

/** A judge with these rules on. */
function judgeBy(rules: typeof RULES, onViolation: EngineOptions['onViolation'] = () => {}): Judge {
  const policy = new Policy({ rules, profile: 'uapi', limits: DEFAULT_LIMITS });
  return new Judge({ policy, onViolation }, NO_OBSERVER);
}

/** Seconds of CPU that it takes. */
function timed(work: () => void): number {
  const start = cpu();
  work();
  return cpu() - start;
}

function run(options: HostOptions, events: number): Result {
  const host = new SyntheticHost(options);
  const findings = new Map<string, number>();
  const onViolation = (v: { rule: string; reason: string }) => {
    const what = `${v.rule} ${v.reason}`;
    findings.set(what, (findings.get(what) ?? 0) + 1);
  };
  const judge = judgeBy(RULES, onViolation);
  const lenient = judgeBy([]);
  const buffers = Array.from({ length: AHEAD }, () => new Uint8Array(BATCH));
  const decoder = new Decoder(new Cursor());
  let [seconds, decoding, knowing, counted] = [0, 0, 0, 0];
  while (counted < events) {
    const batches = buffers.map((buffer) => buffer.subarray(0, host.fill(buffer)));
    const had = judge.events;
    const floor = timed(() => {
      for (const batch of batches) if (decode(decoder, batch) === 0) throw new Error('a batch without time');
    });
    const model = timed(() => {
      for (const batch of batches) lenient.feed(batch);
    });
    const all = timed(() => {
      for (const batch of batches) judge.feed(batch);
    });
    if (had < WARM) continue;
    decoding += floor;
    knowing += model;
    seconds += all;
    counted += judge.events - had;
  }
  return { seconds, decoding, knowing, events: counted, findings, mix: host.mix };
}

/** Resident memory while a stream without end is judged from one buffer; the host that makes it up counts too. */
function memory(events: number): void {
  const host = new SyntheticHost(BUSY_HOST);
  const judge = judgeBy(RULES);
  const buffer = new Uint8Array(BATCH);
  for (let next = events / 10; judge.events < events; ) {
    judge.feed(buffer.subarray(0, host.fill(buffer)));
    if (judge.events < next) continue;
    next += events / 10;
    const { devices, containers, sessions } = judge.world;
    const kept = [devices, containers, sessions, judge.engine.findings].map(({ size }) => size).join(' ');
    const mib = (process.memoryUsage.rss() / 2 ** 20).toFixed(0);
    console.log(`${(judge.events / 1e6).toFixed(0)} M events: ${mib} MiB resident; kept: ${kept}`);
  }
}

/** What an event costs on hosts of other sizes: it should not depend on them. */
function flat(events: number): void {
  console.log('devices  mappings a container  ns an event');
  for (const [vms, mappings] of [
    [64, 10],
    [64, 10_000],
    [1024, 10],
  ] as const) {
    const result = run({ ...BUSY_HOST, vms, mappings }, events);
    const devices = vms * BUSY_HOST.devicesPerVm;
    const cost = (1e9 * result.seconds) / result.events;
    console.log(
      `${String(devices).padStart(7)}  ${String(mappings).padStart(20)}  ${cost.toFixed(0).padStart(11)}`,
    );
  }
}

const median = (xs: number[]) => [...xs].sort((a, b) => a - b)[xs.length >> 1] ?? 0;
const events = Number(values.events);
if (values.memory) {
  memory(events);
  process.exit();
}
if (values.flat) {
  flat(events);
  process.exit();
}
const rates: number[] = [];
const [floors, models]: [number[], number[]] = [[], []];
for (let n = 0; n < Number(values.rounds); n++) {
  const result = run(BUSY_HOST, events);
  rates.push(result.events / result.seconds / 1e6);
  floors.push((1e9 * result.decoding) / result.events);
  models.push((1e9 * result.knowing) / result.events);
  if (n > 0) continue;
  if (values.mix) {
    const names = Object.entries(EvType).map(
      ([name, tag]) => [name.toLowerCase(), result.mix[tag] ?? 0] as const,
    );
    const total = names.reduce((sum, [, count]) => sum + count, 0);
    for (const [name, count] of names.sort((a, b) => b[1] - a[1]))
      if (count) console.log(`${name.padEnd(14)} ${((100 * count) / total).toFixed(3)} %`);
    for (const [what, count] of result.findings) console.log(`${count} ${what}`);
  }
}
const rate = median(rates);
console.log(`${rate.toFixed(2)} M events/s (${rates.map((r) => r.toFixed(2)).join(' ')})`);
const row = (what: string, ns: number) => console.log(`${what.padEnd(24)} ${ns.toFixed(0).padStart(5)}`);
console.log('ns an event');
row('decoding alone', median(floors));
row('... and the model', median(models));
row('... and every rule', 1000 / rate);
