// SPDX-License-Identifier: Apache-2.0
/** Drain, decode, judge, fold, count: what `migwatch run` does with records. `bench/live --help` */
import { parseArgs } from 'node:util';
import ffi from 'ffi-napi';
import { RUN_FLAGS } from '../agent/src/config/flags.js';
import { Metrics } from '../agent/src/export/metrics.js';
import { nothingRefused } from '../agent/src/export/refused.js';
import { Judge } from '../agent/src/judge.js';
import { Shim } from '../agent/src/kernel/shim.js';
import { LiveSource } from '../agent/src/live.js';
import type { Violation } from '../agent/src/rules/finding.js';
import { RULES } from '../agent/src/rules/index.js';
import { DEFAULT_LIMITS } from '../agent/src/rules/limits.js';
import { Policy } from '../agent/src/rules/policy.js';
import { MW_ABI, RECORD_SIZES } from '../agent/src/wire/events.gen.js';

const LIBRARY = 'build/bench/libmigwatch_synthetic.so';
/** Records until the code is compiled. */
const WARM = 2e6;
const MIB = 1 << 20;
const { values } = parseArgs({
  options: { events: { type: 'string', default: '10000000' }, rounds: { type: 'string', default: '3' } },
});
const events = Number(values.events);

const fake = ffi.Library(LIBRARY, { synthetic_producing_ns: ['uint64', []] });
const shim = new Shim(MW_ABI, RECORD_SIZES, LIBRARY);
// The rings as they are by default.
shim.open({ critBytes: MIB, bulkBytes: 4 * MIB, perKind: 64, maxDevices: 1024, maxSessions: 4096 });
const policy = new Policy({ rules: RULES, profile: 'uapi', limits: DEFAULT_LIMITS });
const metrics = new Metrics({
  rules: policy.rules,
  now: Date.now,
  stats: () => shim.stats(),
  version: 'bench',
  refused: nothingRefused(),
  maxSeries: RUN_FLAGS['web.max-series'].default,
});
/** Of each rule. */
const findings = new Map<string, number>();
const onViolation = (v: Violation) => {
  findings.set(v.rule, (findings.get(v.rule) ?? 0) + 1);
  metrics.onViolation(v);
};
const judge = new Judge({ policy, onViolation }, metrics);
metrics.watch(judge.world, judge.engine);
const source = new LiveSource(shim, undefined, (operation, err) => {
  throw new Error(operation, { cause: err });
});

/** Seconds of CPU of this process, all threads, without those in which records are made up. */
function spent(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6 - Number(fake.synthetic_producing_ns()) / 1e9;
}

async function feed(until: number): Promise<void> {
  while (judge.events < until) {
    const batch = await source.next();
    if (!batch) throw new Error('the live source has no end of its own');
    judge.feed(batch);
  }
}

await feed(WARM);
const rates: number[] = [];
for (let n = 0; n < Number(values.rounds); n++) {
  const [before, had] = [spent(), judge.events];
  await feed(had + events);
  rates.push((judge.events - had) / (spent() - before) / 1e6);
}
const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);
const { made, lost, received } = shim.stats();
const best = Math.max(...rates);
const each = rates.map((r) => r.toFixed(2)).join(' ');
console.log(`live, drain to findings  ${best.toFixed(2)} M events/s of one core's time (${each}; bar: 2)`);
console.log(`agent CPU                ${(1000 / best).toFixed(0)} ns an event`);
console.log(
  `made ${sum(made)}, received ${sum(received)}, lost ${sum(lost)}, judged ${judge.events}, ` +
    `not decodable ${judge.undecodable} bytes`,
);
console.log(`findings: ${[...findings].map(([rule, count]) => `${rule} ${count}`).join(', ')}`);
shim.close();
// A gap in the ordinals, or records out of order, would be a finding of its own.
const whole = sum(lost) === 0 && judge.undecodable === 0 && !findings.has('observability-gap');
process.exit(whole ? 0 : 1);
