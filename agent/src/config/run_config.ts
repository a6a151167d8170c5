// SPDX-License-Identifier: Apache-2.0
/** What `run` and `record` are told by their flags, checked. */
import type { InferredOptionTypes } from 'yargs';
import type { LogFormat, LogLevel } from '../log.js';
import { RUN_FLAGS } from './flags.js';
import type { JudgeConfig } from './judging.js';
import { UsageError } from './usage.js';

/** Where traces go, and how much of them there may be. */
export interface TraceConfig {
  /** undefined: nothing is recorded. */
  readonly dir: string | undefined;
  readonly packetBytes: number;
  readonly segmentBytes: number;
  readonly segmentMs: number;
  readonly budgetBytes: number;
  readonly freeBytes: number;
}

/** The flight recorder; times in seconds. */
export interface FlightConfig {
  /** undefined: no captures. */
  readonly dir: string | undefined;
  readonly memoryBytes: number;
  readonly pre: number;
  readonly post: number;
  readonly cap: number;
  readonly every: number;
}

export interface RunConfig {
  readonly judge: JudgeConfig;
  /** Where the settings are, to be read again at SIGHUP. */
  readonly file: string | undefined;
  /** The value of every flag of `run`, by its name. */
  readonly flags: Readonly<Record<string, unknown>>;
  /** undefined: no web server. */
  readonly listen: string | undefined;
  readonly webConfigFile: string | undefined;
  readonly systemdSocket: boolean;
  readonly lifecycle: boolean;
  /** Of one scrape, at most. */
  readonly maxSeries: number;
  readonly violationsFile: string | undefined;
  /** The violations file begins anew at this size; 0: never. */
  readonly violationsMaxBytes: number;
  /** undefined: nothing is sent to a collector. */
  readonly otlp: { readonly endpoint: URL; readonly queue: number } | undefined;
  readonly trace: TraceConfig;
  readonly flight: FlightConfig;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly kernel: {
    readonly critBytes: number;
    readonly bulkBytes: number;
    readonly perKind: number;
    readonly maxDevices: number;
    readonly maxSessions: number;
  };
}

const MIB = 1 << 20;
const DAY = 86_400;
const MAX_COUNT = 1 << 20;
/** The kernel's memory for them is taken at start, 4.6 KB each: 300 MB. */
const MAX_DEVICES = 1 << 16;
const MIN_RING_KIB = 4;
const MAX_RING_KIB = 1 << 20;

/** Ring sizes must be powers of two and whole pages: the kernel refuses others with a bare EINVAL. */
function ringBytes(flag: string, kib: number): number {
  if (Number.isInteger(kib) && kib >= MIN_RING_KIB && kib <= MAX_RING_KIB && (kib & (kib - 1)) === 0)
    return kib * 1024;
  throw new UsageError(
    `--${flag}=${kib}: expected a power of two from ${MIN_RING_KIB} to ${MAX_RING_KIB} (KiB)`,
  );
}

/** A flag's number between these, times its unit. */
function between(
  a: Readonly<Record<string, unknown>>,
  flag: string,
  least: number,
  most: number,
  unit: number,
): number {
  const n = a[flag];
  if (typeof n === 'number' && Number.isInteger(n) && n >= least && n <= most) return n * unit;
  throw new UsageError(`--${flag}=${n}: expected a whole number from ${least} to ${most}`);
}

function traceConfig(
  a: Readonly<Record<string, unknown>> & { 'trace.dir': string | undefined },
): TraceConfig {
  return {
    dir: a['trace.dir'],
    packetBytes: between(a, 'trace.packet-kib', 4, 16 << 10, 1024),
    segmentBytes: between(a, 'trace.segment-mib', 1, MIB, MIB),
    segmentMs: between(a, 'trace.segment-minutes', 1, 7 * 24 * 60, 60_000),
    budgetBytes: between(a, 'trace.budget-mib', 1, 1 << 30, MIB),
    freeBytes: between(a, 'trace.free-mib', 0, 1 << 30, MIB),
  };
}

function flightConfig(a: Readonly<Record<string, unknown>>): FlightConfig {
  const memoryBytes = between(a, 'flight.memory-mib', 0, 16 << 10, MIB);
  const dir = (a['flight.dir'] ?? a['trace.dir']) as string | undefined;
  return {
    dir: memoryBytes > 0 ? dir : undefined,
    memoryBytes,
    pre: between(a, 'flight.pre-seconds', 0, DAY, 1),
    post: between(a, 'flight.post-seconds', 0, DAY, 1),
    cap: between(a, 'flight.cap-seconds', 0, DAY, 1),
    every: between(a, 'flight.every-seconds', 0, DAY, 1),
  };
}

function otlpConfig(a: Readonly<Record<string, unknown>>): RunConfig['otlp'] {
  const queue = between(a, 'otlp.queue', 1, MAX_COUNT, 1);
  const given = a['otlp.endpoint'];
  if (given === undefined) return undefined;
  const endpoint = URL.canParse(String(given)) ? new URL(String(given)) : undefined;
  if (!endpoint || !/^https?:$/.test(endpoint.protocol) || endpoint.username || endpoint.search)
    throw new UsageError(`--otlp.endpoint=${given}: expected a URL such as http://127.0.0.1:4318`);
  return { endpoint, queue };
}

function kernelConfig(
  a: Readonly<Record<string, unknown>> & { 'ring.crit-kib': number; 'ring.bulk-kib': number },
): RunConfig['kernel'] {
  return {
    critBytes: ringBytes('ring.crit-kib', a['ring.crit-kib']),
    bulkBytes: ringBytes('ring.bulk-kib', a['ring.bulk-kib']),
    perKind: between(a, 'limit.per-kind', 1, MAX_COUNT, 1),
    maxDevices: between(a, 'limit.devices', 1, MAX_DEVICES, 1),
    maxSessions: between(a, 'limit.sessions', 1, MAX_COUNT, 1),
  };
}

/** The value of every flag of `run`. */
export type RunArgs = InferredOptionTypes<typeof RUN_FLAGS> & Readonly<Record<string, unknown>>;

/** Throws UsageError. `listen`: see RunConfig. */
export function runConfig(
  a: RunArgs,
  { judge, file, listen }: Pick<RunConfig, 'judge' | 'file' | 'listen'>,
): RunConfig {
  return {
    judge,
    file,
    flags: Object.fromEntries(Object.entries(a).filter(([flag]) => flag in RUN_FLAGS)),
    listen,
    webConfigFile: a['web.config.file'],
    systemdSocket: a['web.systemd-socket'],
    lifecycle: a['web.enable-lifecycle'],
    maxSeries: between(a, 'web.max-series', 1, 10_000_000, 1),
    violationsFile: a['violations.file'],
    violationsMaxBytes: between(a, 'violations.max-mib', 0, MIB, MIB),
    otlp: otlpConfig(a),
    trace: traceConfig(a),
    flight: flightConfig(a),
    logLevel: a['log.level'],
    logFormat: a['log.format'],
    kernel: kernelConfig(a),
  };
}
