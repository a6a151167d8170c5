// SPDX-License-Identifier: Apache-2.0
/** `migwatch run`: wires the live source, the judge and the sinks, and keeps them going until a signal. */
import { readFileSync } from 'node:fs';
import { hostname, release } from 'node:os';
import type { RunConfig } from '../config.js';
import { listen } from '../export/http.js';
import { parseListenAddress } from '../export/listen_address.js';
import { Metrics } from '../export/metrics.js';
import { Recent } from '../export/recent.js';
import { violationJson } from '../export/violation_json.js';
import { ViolationsFile } from '../export/violations_file.js';
import { Judge } from '../judge.js';
import { hostProblem, vfioProblem } from '../kernel/host.js';
import { KernelLog } from '../kernel/kmsg.js';
import { type ProbeState, Shim } from '../kernel/shim.js';
import { LiveSource } from '../live.js';
import { type Log, logger } from '../log.js';
import type { Violation } from '../rules/finding.js';
import { RULES } from '../rules/index.js';
import { MAGIC, RecordFileWriter } from '../trace/record_file.js';
import { VERSION } from '../version.js';
import { MW_ABI, RECORD_SIZES, WIRE_HASH } from '../wire/events.gen.js';
import { problemOf, reportProblem } from './problem.js';

const EXIT_FAILED = 1;

function attached(probes: readonly ProbeState[]): string {
  return probes
    .filter((p) => p.status === 'attached')
    .map((p) => p.name)
    .join(',');
}

/** Modules that are not there yet; their probes attach when they come. */
function waiting(probes: readonly ProbeState[]): string {
  const modules = probes.filter((p) => p.status === 'waiting' && p.required).map((p) => p.module);
  return [...new Set(modules)].join(',');
}

function openTrace(dir: string, log: Log): Promise<RecordFileWriter> {
  const header = {
    magic: MAGIC,
    wire: WIRE_HASH,
    host: hostname(),
    kernel: release(),
    boot_id: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    agent_version: VERSION,
  };
  return RecordFileWriter.create(dir, header, (err) =>
    log('error', 'trace cannot be written; watching goes on without it', { dir, error: err.message }),
  );
}

/** Without it IOMMU faults are not seen; everything else is. */
function openKernelLog(log: Log, closers: Closers): KernelLog | undefined {
  try {
    return closers.add(new KernelLog());
  } catch (err) {
    log('warn', 'the kernel log cannot be read: IOMMU faults are not observed', {
      error: (err as Error).message,
    });
    return undefined;
  }
}

/** What a violation sets off; none of it may fail or wait. */
function reporter(log: Log, metrics: Metrics, recent: Recent, file: ViolationsFile | undefined) {
  return (v: Violation): void => {
    const line = violationJson(v);
    metrics.onViolation(v);
    recent.add(line);
    file?.append(line);
    log(v.severity === 'info' ? 'info' : 'warn', 'violation', {
      rule: v.rule,
      reason: v.reason,
      severity: v.severity,
      device: v.device,
      vm: v.vm,
      state: v.state,
    });
  };
}

/** Ends the stream at SIGINT or SIGTERM. */
function onSignals(stop: () => void): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
}

/** Everything that has to be closed again, in reverse order of opening. */
class Closers {
  private readonly closers: (() => Promise<void> | void)[] = [];

  add<T extends { close(): Promise<void> | void }>(what: T): T {
    this.closers.push(() => what.close());
    return what;
  }

  async close(): Promise<void> {
    for (const close of this.closers.reverse()) await close();
  }
}

async function openSinks(config: RunConfig, log: Log, closers: Closers) {
  const file = config.violationsFile && new ViolationsFile(config.violationsFile, { log, now: Date.now });
  if (file) await file.open();
  const trace = config.traceDir && (await openTrace(config.traceDir, log));
  return { file: file ? closers.add(file) : undefined, trace: trace ? closers.add(trace) : undefined };
}

async function watch(config: RunConfig, shim: Shim, log: Log, closers: Closers): Promise<number> {
  let why: string | undefined = 'starting: probes are being attached';
  const { file, trace } = await openSinks(config, log, closers);
  const recent = new Recent();
  const metrics = new Metrics({
    rules: RULES,
    now: Date.now,
    stats: () => (why === undefined ? shim.stats() : undefined),
    version: VERSION,
    sinks: [file, trace].filter((sink) => sink !== undefined),
  });
  const onViolation = reporter(log, metrics, recent, file);
  const judge = new Judge({ rules: RULES, ...config, onViolation }, metrics);
  metrics.watch(judge.world, judge.engine);
  const options = { metrics, world: judge.world, recent, version: VERSION, notReady: () => why, log };
  const web = closers.add(await listen(options, parseListenAddress(config.listen)));

  closers.add(shim).open(config.critBytes, config.bulkBytes);
  shim.attach();
  const problem = vfioProblem(shim.probes());
  if (problem) return reportProblem(problem);
  const source = new LiveSource(shim, openKernelLog(log, closers), (operation, err) =>
    log('error', operation, { error: err.message }),
  );
  onSignals(() => source.stop());
  source.onProbes = (probes) => {
    const what = { attached: attached(probes), waiting_for_modules: waiting(probes) };
    if (why === undefined) return log('info', 'probes', what);
    why = undefined;
    log('info', 'ready', { ...what, listen: web.address, profile: config.profile, rules: RULES.length });
  };
  for (let batch = await source.next(); batch; batch = await source.next()) {
    trace?.write(batch);
    judge.feed(batch);
  }
  log('info', 'stopped', { events: judge.events, violations: recent.made });
  return 0;
}

export async function runCommand(config: RunConfig): Promise<number> {
  const log = logger(config.logLevel, config.logFormat);
  const problem = hostProblem();
  if (problem) return reportProblem(problem);
  const closers = new Closers();
  try {
    return await watch(config, new Shim(MW_ABI, RECORD_SIZES), log, closers);
  } catch (err) {
    const hostSays = problemOf(err);
    if (hostSays) return reportProblem(hostSays);
    log('error', (err as Error).message);
    return EXIT_FAILED;
  } finally {
    await closers.close();
  }
}
