// SPDX-License-Identifier: Apache-2.0
/** Every metric of the agent's own, in the order in which /metrics shows them. */

export type MetricType = 'counter' | 'gauge' | 'histogram';

export interface MetricRow {
  readonly name: string;
  readonly type: MetricType;
  readonly labels: readonly string[];
  readonly help: string;
  /** Upper bounds of a histogram's buckets, seconds, ascending; +Inf is implied. */
  readonly buckets?: readonly number[];
}

const row =
  (type: MetricType) =>
  (name: string, labels: readonly string[], help: string): MetricRow => ({
    name: `migwatch_${name}`,
    type,
    labels,
    help,
  });
const counter = row('counter');
const gauge = row('gauge');
const histogram = (
  name: string,
  labels: readonly string[],
  help: string,
  buckets: readonly number[],
): MetricRow => ({ ...row('histogram')(name, labels, help), buckets });

/** A visit lasts from well under a millisecond (an arc's stopover) to weeks (RUNNING). */
const VISIT = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3600, 86_400];
/** Software arcs take microseconds, a firmware load or save command seconds. */
const ARC = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30];
/** Finer around 0.3 s, which is what QEMU and libvirt promise by default. */
const STOPPED = [0.01, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10, 30, 60];

export const METRICS = {
  violations: counter(
    'violations_total',
    ['rule', 'severity'],
    'Findings on this host: a rule of the VFIO migration contract was broken. A repetition within one episode is the same finding.',
  ),
  deviceViolations: counter('device_violations_total', ['device', 'severity'], 'Findings about this device.'),
  lastViolation: gauge(
    'last_violation_timestamp_seconds',
    ['device', 'rule'],
    'When the device last broke the rule, Unix time; gone after a day.',
  ),
  verdicts: counter(
    'verdicts_total',
    ['rule', 'verdict'],
    'Events judged, by answer; unknown means that evidence was lost, late or not observable.',
  ),

  deviceInfo: gauge(
    'device_info',
    ['device', 'driver', 'bus', 'iommu_group', 'vm', 'migration'],
    'An opened VFIO device; always 1. `migration` lists what its driver supports.',
  ),
  deviceState: gauge(
    'device_state',
    ['device', 'state'],
    '1 for the migration state that the device is known to be in, 0 for the others.',
  ),
  arcs: counter(
    'arcs_total',
    ['driver', 'from', 'to', 'result'],
    'Single steps of the migration state machine that the driver took or failed.',
  ),
  stateSeconds: histogram(
    'state_seconds',
    ['state'],
    'Time that devices spent in a state, per visit.',
    VISIT,
  ),
  transitionSeconds: histogram(
    'transition_seconds',
    ['driver', 'from', 'to'],
    'Time that a successful arc took.',
    ARC,
  ),
  migrations: counter('migrations_total', ['side', 'result'], 'Device migrations that have ended.'),
  stoppedSeconds: histogram(
    'stopped_seconds',
    ['side'],
    'Time that a device was out of service: from leaving RUNNING to being back in it, or to the end of the source’s session. Side pause-only is a pause without migration.',
    STOPPED,
  ),
  migrationBytes: counter(
    'migration_data_bytes_total',
    ['device', 'direction'],
    'Device state that was read from (save) or written to (resume) data_fd.',
  ),

  dmaMapped: gauge(
    'dma_mapped_bytes',
    ['device'],
    'Bytes mapped for DMA in the type1 container of the device; devices in one container show the same.',
  ),
  dmaOperations: counter(
    'dma_map_operations_total',
    ['device', 'operation'],
    'Map and unmap calls on the type1 container of the device.',
  ),
  regionAccesses: counter(
    'region_accesses_total',
    ['device', 'region'],
    'Reads and writes of device regions through the device fd, while not RUNNING.',
  ),
  p2pMappings: gauge(
    'p2p_mappings',
    ['device', 'target'],
    'Live DMA mappings of the BARs of `target` that `device` can reach.',
  ),
  zaps: counter('mmio_zaps_total', ['device'], 'Times that the CPU mappings of the BARs were revoked.'),
  faults: counter(
    'mmio_faults_total',
    ['device', 'region'],
    'Page faults on mapped BARs while not RUNNING; those that one MAP_DMA causes count once.',
  ),
  irqsWhileHalted: counter(
    'interrupts_while_halted_total',
    ['device'],
    'Interrupts that the host handled in STOP, STOP_COPY or RESUMING; posted ones are not seen.',
  ),
  setIrqs: counter('set_irqs_total', ['device', 'index'], 'SET_IRQS calls.'),
  irqsRestored: counter(
    'destination_set_irqs_total',
    ['window'],
    'SET_IRQS calls that arranged interrupts of devices that were being restored, by state; after-running: none were armed before.',
  ),
  dirtyReports: counter(
    'dirty_log_reports_total',
    ['device'],
    'Dirty page reports: of the device’s own tracker, and of its type1 container, which count for every device in it.',
  ),
  resets: counter(
    'resets_total',
    ['device', 'kind'],
    'Resets: by ioctl, hot reset of the bus, function reset, or collateral of another device’s.',
  ),

  recordsMade: counter(
    'kernel_records_total',
    ['ring'],
    'Records that the kernel probes made; equals received plus lost once drained.',
  ),
  recordsLost: counter('kernel_records_lost_total', ['ring'], 'Records that found their ring full.'),
  recordsReceived: counter('records_received_total', ['ring'], 'Records that the agent took from the ring.'),
  kernelMemory: gauge(
    'kernel_memory_bytes',
    ['map'],
    'Kernel memory that a map or ring of the probes takes, as the kernel accounts for it.',
  ),
  unattributed: counter(
    'unattributed_records_total',
    [],
    'Records about a device or session that the agent does not know.',
  ),
  evicted: counter(
    'evicted_total',
    ['what'],
    'Devices, containers, sessions, VM names, findings and mappings of BARs forgotten because there were too many; not 0: verdicts are missing.',
  ),
  ambiguous: counter(
    'ambiguous_events_total',
    [],
    'Region accesses while a transition was in flight: neither side of it can be proven.',
  ),
  probeAttached: gauge('probe_attached', ['probe', 'kind'], '1 if the probe is attached.'),
  coverage: gauge(
    'coverage',
    ['fact', 'level'],
    '1 at the level to which the fact can be observed on this host.',
  ),
  exported: counter(
    'exported_total',
    ['sink'],
    'Lines of the violations file, log records and spans (otlp_logs, otlp_traces) that arrived.',
  ),
  queueDropped: counter(
    'export_queue_dropped_total',
    ['sink'],
    'Lines of the violations file, events of the trace, captures cut short, log records or spans: what did not get there, because the disk or the collector was too slow, full or broken.',
  ),
  exportErrors: counter(
    'export_errors_total',
    ['sink'],
    'Writes that the disk refused (lines of the violations file, packets of the trace, captures), requests that the collector did not take.',
  ),
  captures: counter('captures_total', [], 'Captures that the flight recorder began.'),
  capturesSuppressed: counter(
    'captures_suppressed_total',
    [],
    'Findings that got no capture because their rule and device had one lately.',
  ),
  configReloaded: gauge(
    'config_last_reload_successful',
    [],
    '1 if the configuration that was read last is in force, 0 if it was refused.',
  ),
  configReloadedAt: gauge(
    'config_last_reload_success_timestamp_seconds',
    [],
    'When the configuration in force was read, Unix time.',
  ),
  webReloaded: gauge(
    'web_config_last_reload_successful',
    [],
    '1 if --web.config.file and the files it names are in force as they are now, 0 if they were refused.',
  ),
  webReloadedAt: gauge(
    'web_config_last_reload_success_timestamp_seconds',
    [],
    'When the web configuration in force was read, Unix time.',
  ),
  webRefused: counter(
    'web_refused_total',
    ['reason'],
    'Connections (connections, certificate) and requests (password, busy) that the web server turned away.',
  ),
  seriesDropped: counter(
    'series_dropped_total',
    [],
    'Series of devices that scrapes left out because of --web.max-series.',
  ),
  buildInfo: gauge('build_info', ['version', 'nodeversion'], 'What is running; always 1.'),
} as const satisfies Record<string, MetricRow>;

export type MetricKey = keyof typeof METRICS;

/** The same as a list, for checks of dashboards and documents. */
export const METRIC_LIST: readonly MetricRow[] = Object.values(METRICS);
