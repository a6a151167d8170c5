// SPDX-License-Identifier: Apache-2.0
/** `migwatch run`: wires the live source, the judge and the sinks, and keeps them going until a signal. */
import { CapturePolicy } from '../capture_policy.js';
import { readWebFile } from '../config/web_file.js';
import { parseCommand, type RunConfig, UsageError } from '../config.js';
import type { ExportSink } from '../export/host_series.js';
import { listen } from '../export/http.js';
import { parseListenAddress } from '../export/listen_address.js';
import { Metrics } from '../export/metrics.js';
import { both } from '../export/observers.js';
import { Otlp } from '../export/otlp/otlp.js';
import { Recent } from '../export/recent.js';
import { nothingRefused } from '../export/refused.js';
import { violationJson } from '../export/violation_json.js';
import { ViolationsFile } from '../export/violations_file.js';
import { WebConfig } from '../export/web_config.js';
import { Judge } from '../judge.js';
import { hostProblem, vfioProblem } from '../kernel/host.js';
import { KernelLog } from '../kernel/kmsg.js';
import { Shim } from '../kernel/shim.js';
import { LiveSource } from '../live.js';
import { type Log, logger } from '../log.js';
import { Recording } from '../recording.js';
import type { Violation } from '../rules/finding.js';
import type { Finding } from '../rules/found.js';
import { madeOn, originHere } from '../trace_format.js';
import { VERSION } from '../version.js';
import { MW_ABI, RECORD_SIZES } from '../wire/events.gen.js';
import { attachedNames, ProbeChanges } from './probe_changes.js';
import { problemOf, reportProblem } from './problem.js';
import { policyFor, Reloader } from './reload.js';
import { ruleById, ruleTextById } from './rule_page.js';
import { activatedSocket, ServiceManager } from './service_manager.js';

const EXIT_FAILED = 1;

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

/** Sees to it that a finding is captured; the capture's name, if it is. */
type Save = (v: Violation) => string | undefined;

/** What a violation sets off; none of it may fail or wait. */
function reporter(
  log: Log,
  metrics: Metrics,
  recent: Recent,
  file: ViolationsFile | undefined,
  otlp: Otlp | undefined,
  save: Save,
) {
  return (v: Violation, finding: Finding): void => {
    const capture = save(v);
    const line = violationJson(v, capture);
    metrics.onViolation(v, capture);
    recent.add(line, v, finding);
    file?.append(line);
    otlp?.onViolation(v, capture);
    log(v.severity === 'info' ? 'info' : 'warn', 'violation', {
      rule: v.rule,
      reason: v.reason,
      severity: v.severity,
      device: v.device,
      vm: v.vm,
      state: v.state,
      ...(capture ? { capture } : {}),
    });
  };
}

/**
 * SIGINT, SIGTERM: end. SIGHUP: the file is read again, if there is one. SIGUSR1: let go of the
 * modules, so that they can be replaced; SIGUSR2: watch again.
 */
function onSignals(config: RunConfig, source: LiveSource, service: ServiceManager, reload: () => void): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      service.stopping();
      source.stop();
    });
  if (config.file !== undefined) process.on('SIGHUP', reload);
  process.on('SIGUSR1', () => source.want('detached'));
  process.on('SIGUSR2', () => source.want('attached'));
}

/** What this process was started with, with the file as it is now. */
async function readAgain(): Promise<RunConfig> {
  const command = await parseCommand(process.argv);
  if (command.name !== 'run') throw new Error(`started as run, not ${command.name}`);
  return command.config;
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

async function openFile(config: RunConfig, log: Log, closers: Closers): Promise<ViolationsFile | undefined> {
  if (!config.violationsFile) return undefined;
  const { violationsFile, violationsMaxBytes: maxBytes } = config;
  const file = new ViolationsFile(violationsFile, { log, now: Date.now, maxBytes });
  await file.open();
  return closers.add(file);
}

/** For /api/config. Flags are not in it: they may come to hold secrets, and `ps` shows them. */
function effective({ config, successful, at }: Reloader) {
  const { id, effective } = config.judge;
  return { file: config.file ?? '', read_at: new Date(at).toISOString(), successful, policy: id, effective };
}

/** Throws, in words for the operator, where systemd was to pass a socket and did not. */
function listenAt({ systemdSocket }: RunConfig, address: string) {
  if (!systemdSocket) return parseListenAddress(address);
  const fd = activatedSocket();
  if (fd === undefined)
    throw new Error('--web.systemd-socket: systemd passed no socket; is migwatch.socket started?');
  return { host: undefined, port: 0, fd };
}

/** Throws UsageError. */
function openWeb({ webConfigFile: file }: RunConfig, log: Log): WebConfig {
  try {
    return new WebConfig({ file, read: readWebFile, now: Date.now, log });
  } catch (err) {
    throw new UsageError((err as Error).message);
  }
}

async function watch(
  config: RunConfig,
  web: WebConfig,
  shim: Shim,
  log: Log,
  closers: Closers,
): Promise<number> {
  const refused = nothingRefused();
  const service = ServiceManager.open(log);
  const state = () =>
    `watching ${judge.world.devices.size} devices, ${recent.made} violations since the start`;
  let why: string | undefined = 'starting: probes are being attached';
  const file = await openFile(config, log, closers);
  const otlp = config.otlp && closers.add(new Otlp({ ...config.otlp, version: VERSION, log }));
  const sinks: ExportSink[] = [...(file ? [file] : []), ...(otlp?.sinks ?? [])];
  const recent = new Recent();
  const captures = new CapturePolicy(config.flight.dir === undefined ? undefined : config.flight);
  const policy = policyFor(config.judge);
  const reloader = new Reloader(config, {
    read: readAgain,
    announce: (id) => source.policy(id),
    onPolicy: (next) => metrics.activate(next.rules),
    now: Date.now,
    log,
  });
  const metrics = new Metrics({
    rules: policy.rules,
    now: Date.now,
    maxSeries: config.maxSeries,
    stats: () => (why === undefined ? shim.stats() : undefined),
    maps: () => (why === undefined ? shim.maps() : []),
    version: VERSION,
    reload: reloader,
    ...(config.webConfigFile === undefined ? {} : { web }),
    refused,
    sinks,
    captures,
  });
  let recording: Recording | undefined;
  const onViolation = reporter(log, metrics, recent, file, otlp, (v) => recording?.capture(v));
  const observer = otlp ? both(metrics, otlp.spans) : metrics;
  const origin = madeOn(originHere([], {}).env);
  const judge = new Judge({ policy, policyOf: reloader.policyOf, origin, onViolation }, observer);
  metrics.watch(judge.world, judge.engine);
  otlp?.watch(judge.world);
  const reload = async () => {
    service.reloading();
    await reloader.reload();
    service.ready(state());
  };
  const options = {
    metrics,
    world: judge.world,
    recent,
    version: VERSION,
    notReady: () => why,
    web,
    refused,
    ...(config.lifecycle ? { reload: () => reload().then(() => reloader.successful) } : {}),
    config: () => effective(reloader),
    rule: ruleById,
    ruleText: ruleTextById,
    log,
  };
  const server = config.listen && closers.add(await listen(options, listenAt(config, config.listen)));

  closers.add(shim).open(config.kernel);
  await shim.attach();
  const problem = vfioProblem(shim.probes());
  if (problem) return reportProblem(problem);
  const source = new LiveSource(shim, openKernelLog(log, closers), (operation, err) =>
    log('error', operation, { error: err.message }),
  );
  recording = await Recording.open(config, captures, judge.world, attachedNames(shim.probes()), log);
  if (recording) closers.add(recording);
  if (recording) sinks.push(...recording.sinks);
  source.policy(policy.id);
  onSignals(config, source, service, () => void reload());
  const probesLogged = new ProbeChanges();
  source.onProbes = (probes) => {
    const changes = probesLogged.since(probes);
    if (probes.some((p) => p.status === 'detached'))
      return log('warn', 'detached: nothing is watched until SIGUSR2', {});
    if (why === undefined)
      return changes.attached || changes.let_go ? log('info', 'probes', changes) : undefined;
    why = undefined;
    service.ready(state());
    log('info', 'ready', {
      ...changes,
      ...(server ? { listen: server.address } : {}),
      ...(recording?.folder ? { trace: recording.folder } : {}),
      profile: policy.profile,
      policy: policy.id,
      rules: policy.rules.length,
    });
  };
  for (let batch = await source.next(); batch; batch = await source.next()) {
    recording?.write(batch);
    judge.feed(batch);
    service.turned(state);
  }
  judge.finish();
  log('info', 'stopped', { events: judge.events, violations: recent.made });
  return 0;
}

export async function runCommand(config: RunConfig): Promise<number> {
  const log = logger(config.logLevel, config.logFormat);
  const problem = hostProblem();
  if (problem) return reportProblem(problem);
  const web = openWeb(config, log);
  const closers = new Closers();
  try {
    return await watch(config, web, new Shim(MW_ABI, RECORD_SIZES), log, closers);
  } catch (err) {
    const hostSays = problemOf(err);
    if (hostSays) return reportProblem(hostSays);
    log('error', (err as Error).message);
    return EXIT_FAILED;
  } finally {
    await closers.close();
  }
}
