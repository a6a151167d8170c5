// SPDX-License-Identifier: Apache-2.0
/** A world fed with hand-written records, as the live agent feeds its own. */

import type { Format } from '../../src/export/exposition.js';
import type { MetricsOptions } from '../../src/export/metrics.js';
import { Metrics } from '../../src/export/metrics.js';
import { nothingRefused } from '../../src/export/refused.js';
import { TextBuffer } from '../../src/export/text_buffer.js';
import { WebConfig } from '../../src/export/web_config.js';
import { OPEN } from '../../src/export/web_settings.js';
import { fold } from '../../src/model/fold.js';
import { World } from '../../src/model/world.js';
import type { Violation } from '../../src/rules/finding.js';
import { Finding } from '../../src/rules/found.js';
import type { Severity } from '../../src/rules/rule.js';
import type { Tally } from '../../src/rules/tally.js';
import { Cursor } from '../../src/wire/cursor.js';
import {
  Decoder,
  type EventKind,
  encode,
  type KernelEvent,
  type RecordFields,
} from '../../src/wire/events.gen.js';

export const RULE_A = { id: 'rule-a', severities: ['info', 'critical'] as Severity[] };
export const RULE_B = { id: 'rule-b', severities: ['warning'] as Severity[] };
/** Any wall time, ms. */
export const T0 = Date.parse('2026-01-02T03:04:05Z');

export class Host {
  /** The injected clock, ms. */
  clock = T0;
  readonly tallies = new Map<string, Tally>();
  readonly metrics: Metrics;
  readonly world: World;
  private readonly decoder = new Decoder(new Cursor());
  private at = 0;

  constructor(options: Partial<MetricsOptions> = {}) {
    this.metrics = new Metrics({
      rules: [RULE_A, RULE_B],
      reload: { successful: true, at: 1000 },
      version: '1.2.3',
      stats: () => ({ made: [10, 20], lost: [0, 3], received: [10, 17] }),
      maps: () => [
        { name: 'bulk', bytes: 4096 },
        { name: 'silent', bytes: -1 },
      ],
      now: () => this.clock,
      maxSeries: 100_000,
      web: { successful: true, at: 1000 },
      refused: nothingRefused(),
      ...options,
    });
    this.world = new World(this.metrics);
    this.metrics.watch(this.world, { tallies: this.tallies });
  }

  /** The event as the decoder gives it; valid until the next one. Without `at`, 1 ms after the last. */
  event<K extends EventKind>(kind: K, fields: RecordFields[K]): { event: KernelEvent; bytes: Uint8Array } {
    this.at = Number(fields.at ?? this.at + 1e6);
    const bytes = encode(kind, { ...fields, at: this.at });
    this.decoder.cursor.reset(bytes);
    const event = this.decoder.current();
    if (!event) throw new Error(`not decodable: ${kind}`);
    return { event, bytes };
  }

  feed<K extends EventKind>(kind: K, fields: RecordFields[K]): void {
    const { event } = this.event(kind, fields);
    this.world.batchBegins(this.decoder);
    fold(this.world, this.decoder, event, this.world.devices.get(event.dev));
    this.decoder.advance();
    this.world.batchEnds();
  }

  /** Device `dev`, opened, in RUNNING. State records of it count on from gen 1. */
  open(dev: number, name: string, more: RecordFields['device'] = {}): void {
    this.feed('device', {
      dev,
      name,
      driver: 'mlx5_vfio_pci',
      bus: 'pci',
      flags: 7,
      hasMigOps: 1,
      tgid: 100,
      group: 12,
      container: 5,
      ...more,
    });
    this.feed('open', { dev, gen: 1, openCount: 1 });
  }

  /** SET_STATE over the given states, successful; returns the next gen. */
  set(dev: number, gen: number, ...states: number[]): number {
    const requested = states.at(-1) ?? 0;
    let next = gen;
    this.feed('mig_set', { dev, gen: next++, requested });
    for (let i = 0; i + 1 < states.length; i++)
      this.feed('mig_arc', { dev, gen: next++, cur: states[i] ?? 0, requested, next: states[i + 1] ?? 0 });
    this.feed('mig_set_ret', { dev, gen: next++, requested, ret: 0, dataFd: 42, session: 3 });
    return next;
  }

  close(dev: number, gen: number): void {
    this.feed('close', { dev, gen, last: 1 });
  }
}

export function violation(more: Partial<Violation> = {}): Violation {
  return {
    rule: 'rule-a',
    rule_version: 1,
    host: 'node1',
    kernel_release: '6.12.95',
    boot_id: '',
    agent_version: '1.2.3',
    profile: 'uapi',
    norm: 'N1',
    severity: 'critical',
    party: 'user',
    advisory: false,
    confidence: 'high',
    reason: 'because',
    statement: 'It was broken.',
    limits: {},
    says: 'must not',
    basis: null,
    device: '0000:3b:00.2',
    driver: 'mlx5_vfio_pci',
    iommu_group: 12,
    migration_flags: '0x7',
    migration: 'stop-copy,p2p,pre-copy',
    vm: 'web',
    process: { tgid: 100, comm: 'qemu-system-x86', cgroup: '' },
    state: 'STOP_COPY',
    state_known_by: 'set',
    landed_ns: 1,
    in_transition: false,
    at_ns: 1,
    wall: '2026-01-02T03:04:05.123456789Z',
    episode: null,
    event: {},
    evidence: {},
    history: [],
    context: [],
    peers: [],
    coverage: {},
    lost: 0,
    ...more,
  };
}

/** The finding that a violation begins. */
export const found = (v: Violation): Finding => new Finding(v, Number(v.at_ns));

/** The text of a scrape. */
export async function exposition(metrics: Metrics, format: Format = 'text'): Promise<string> {
  const text = new TextBuffer();
  await metrics.scrape(format, text);
  return text.written.toString();
}

/** Lines of a scrape by `name{labels}`; fails on a line that is there twice. */
export async function scrape(metrics: Metrics): Promise<Map<string, number>> {
  const lines = new Map<string, number>();
  for (const line of (await exposition(metrics)).split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const space = line.lastIndexOf(' ');
    const series = line.slice(0, space);
    if (lines.has(series)) throw new Error(`twice: ${series}`);
    lines.set(series, Number(line.slice(space + 1)));
  }
  return lines;
}

/** Of HttpOptions: plain HTTP, no passwords. */
export const openWeb = () => ({
  web: new WebConfig({ file: undefined, read: () => OPEN, now: Date.now, log: () => {} }),
  refused: nothingRefused(),
});
