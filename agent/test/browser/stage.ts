// SPDX-License-Identifier: Apache-2.0
/** The agent's own judge, sinks and web server, fed with records at the pace at which they were made. */

import { setTimeout as sleep } from 'node:timers/promises';
import { ruleById, ruleTextById } from '../../src/command/rule_page.js';
import { listen, type Web } from '../../src/export/http.js';
import { parseListenAddress } from '../../src/export/listen_address.js';
import { Metrics } from '../../src/export/metrics.js';
import { Recent } from '../../src/export/recent.js';
import { nothingRefused } from '../../src/export/refused.js';
import { violationJson } from '../../src/export/violation_json.js';
import { Judge } from '../../src/judge.js';
import type { Violation } from '../../src/rules/finding.js';
import type { Finding } from '../../src/rules/found.js';
import { RULES } from '../../src/rules/index.js';
import { DEFAULT_LIMITS } from '../../src/rules/limits.js';
import { Policy } from '../../src/rules/policy.js';
import { TraceSource } from '../../src/trace/trace_source.js';
import { READING } from '../../src/trace_format.js';
import { Cursor } from '../../src/wire/cursor.js';
import { RECORD_SIZES } from '../../src/wire/events.gen.js';
import { openWeb } from '../export/fixture.js';

const TYPE_AT = 8;

/** The records of a batch, one by one. */
function* records(batch: Uint8Array): Generator<{ at: bigint; bytes: Uint8Array }> {
  const cursor = new Cursor();
  cursor.reset(batch);
  while (cursor.remaining > 0) {
    const size = RECORD_SIZES[cursor.u32(TYPE_AT)] ?? cursor.remaining;
    yield { at: cursor.big(0), bytes: batch.subarray(cursor.at, cursor.at + size) };
    cursor.at += size;
  }
}

export class Stage {
  readonly judge: Judge;
  private readonly metrics: Metrics;
  private readonly recent = new Recent();
  private web: Web | undefined;
  private received = 0;
  /** As in the rings of the kernel. */
  lost = 0;
  notReady: string | undefined;
  /** Called when a violation is found. */
  onViolation: (v: Violation) => void = () => {};

  constructor() {
    const rules = RULES;
    const policy = new Policy({ profile: 'uapi', rules, limits: DEFAULT_LIMITS, overrides: {}, devices: [] });
    this.metrics = new Metrics({
      rules,
      now: Date.now,
      stats: () => ({
        made: [this.received + this.lost, 0],
        lost: [this.lost, 0],
        received: [this.received, 0],
      }),
      maps: () => [],
      version: '0.1.0',
      reload: { successful: true, at: 0 },
      web: { successful: true, at: 0 },
      sinks: [{ name: 'violations_file', exported: 0, dropped: 0, errors: 0 }],
      refused: nothingRefused(),
      maxSeries: 100_000,
    });
    this.judge = new Judge({ policy, onViolation: (v, finding) => this.find(v, finding) }, this.metrics);
    this.metrics.watch(this.judge.world, this.judge.engine);
  }

  /** What the agent does with a finding. */
  find(v: Violation, finding: Finding): void {
    this.metrics.onViolation(v);
    this.recent.add(violationJson(v), v, finding);
    this.onViolation(v);
  }

  /** Where its page is. */
  async open(at = '127.0.0.1:0'): Promise<string> {
    const { metrics, recent } = this;
    const options = {
      metrics,
      world: this.judge.world,
      recent,
      version: '0.1.0',
      notReady: () => this.notReady,
      ...openWeb(),
      rule: ruleById,
      ruleText: ruleTextById,
      log: () => {},
    };
    this.web = await listen(options, parseListenAddress(at));
    return `http://${this.web.address}/`;
  }

  async close(): Promise<void> {
    await this.web?.close();
  }

  /** At once. */
  feed(...batches: readonly Uint8Array[]): void {
    for (const batch of batches) {
      this.judge.feed(batch);
      this.received++;
    }
  }

  /** At the pace of the records' own times, `speed` times as fast; pauses longer than `longest` (ms) are cut. */
  async play(
    batches: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    speed = 1,
    longest = 1000,
  ): Promise<void> {
    let last: bigint | undefined;
    for await (const batch of batches)
      for (const { at, bytes } of records(batch)) {
        const pause = last === undefined ? 0 : Number(at - last) / 1e6 / speed;
        last = at;
        if (pause >= 1) await sleep(Math.min(pause, longest));
        this.feed(bytes);
      }
  }
}

/** The batches of a trace on disk. */
export async function* batchesOf(path: string): AsyncGenerator<Uint8Array> {
  const source = await TraceSource.open(path, READING);
  for (let batch = await source.next(); batch; batch = await source.next()) yield batch;
  await source.close();
}
