// SPDX-License-Identifier: Apache-2.0
/** Decode, judge, fold: events per second of CPU. `bench/replay --help` */
import { parseArgs } from 'node:util';
import { Judge } from '../agent/src/judge.js';
import { NO_OBSERVER } from '../agent/src/model/world.js';
import { RULES } from '../agent/src/rules/index.js';
import { DEFAULT_LIMITS } from '../agent/src/rules/limits.js';
import { Policy } from '../agent/src/rules/policy.js';
import { EvType } from '../agent/src/wire/events.gen.js';
import { BUSY_HOST, type HostOptions, SyntheticHost } from './synthetic_host.js';

const BATCH = 1 << 20;
const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '10000000' },
    rounds: { type: 'string', default: '3' },
    mix: { type: 'boolean', default: false },
    memory: { type: 'boolean', default: false },
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
  readonly events: number;
  readonly findings: Map<string, number>;
  readonly mix: readonly number[];
}

function run(options: HostOptions, events: number): Result {
  const host = new SyntheticHost(options);
  const findings = new Map<string, number>();
  const onViolation = (v: { rule: string; reason: string }) => {
    const what = `${v.rule} ${v.reason}`;
    findings.set(what, (findings.get(what) ?? 0) + 1);
  };
  const policy = new Policy({ rules: RULES, profile: 'uapi', limits: DEFAULT_LIMITS });
  const judge = new Judge({ policy, onViolation }, NO_OBSERVER);
  const buffers = Array.from({ length: AHEAD }, () => new Uint8Array(BATCH));
  let [seconds, counted] = [0, 0];
  while (counted < events) {
    const batches = buffers.map((buffer) => buffer.subarray(0, host.fill(buffer)));
    const [before, had] = [cpu(), judge.events];
    for (const batch of batches) judge.feed(batch);
    if (had < WARM) continue;
    seconds += cpu() - before;
    counted += judge.events - had;
  }
  return { seconds, events: counted, findings, mix: host.mix };
}

/** Resident memory while a stream without end is judged from one buffer; the host that makes it up counts too. */
function memory(events: number): void {
  const host = new SyntheticHost(BUSY_HOST);
  const policy = new Policy({ rules: RULES, profile: 'uapi', limits: DEFAULT_LIMITS });
  const judge = new Judge({ policy, onViolation: () => {} }, NO_OBSERVER);
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

const median = (xs: number[]) => [...xs].sort((a, b) => a - b)[xs.length >> 1] ?? 0;
const events = Number(values.events);
if (values.memory) {
  memory(events);
  process.exit();
}
const rates: number[] = [];
for (let n = 0; n < Number(values.rounds); n++) {
  const result = run(BUSY_HOST, events);
  rates.push(result.events / result.seconds / 1e6);
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
console.log(`${median(rates).toFixed(2)} M events/s (${rates.map((r) => r.toFixed(2)).join(' ')})`);
