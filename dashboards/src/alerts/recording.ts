// SPDX-License-Identifier: Apache-2.0
/**
 * Recording rules: sums over all hosts, so that a fleet's dashboard costs the same for ten hosts and ten thousand.
 *
 * They are rates over `WINDOW`, evaluated each `INTERVAL`: a count over a longer time is the sum of them times the
 * interval (`countOver` in promql.ts). Windows overlap, so no increment falls between two of them.
 */

/** Of the group of recording rules. */
export const INTERVAL_SECONDS = 60;
const WINDOW = '5m';

const rate = (metric: string) => `rate(${metric}[${WINDOW}])`;
const sum = (labels: string, expr: string) => `sum by (${labels}) (${expr})`;

/** One driver a device: info is one series a device, and `max` drops what else it says. */
const DRIVER = 'max by (job, instance, device, driver) (migwatch_device_info)';

/** Record by name; names are level:metric:operation as Prometheus advises. */
export const RECORDED = {
  'rule_severity:migwatch_violations:rate5m': sum('rule, severity', rate('migwatch_violations_total')),
  'instance_severity:migwatch_violations:rate5m': sum(
    'instance, severity',
    rate('migwatch_violations_total'),
  ),
  'driver_severity:migwatch_device_violations:rate5m': sum(
    'driver, severity',
    `${rate('migwatch_device_violations_total')} * on (job, instance, device) group_left (driver) ${DRIVER}`,
  ),
  'rule_verdict:migwatch_verdicts:rate5m': sum('rule, verdict', rate('migwatch_verdicts_total')),
  'side_result:migwatch_migrations:rate5m': sum('side, result', rate('migwatch_migrations_total')),
  'side_le:migwatch_stopped_seconds_bucket:rate5m': sum('side, le', rate('migwatch_stopped_seconds_bucket')),
  'driver_state:migwatch_device_state:sum': sum(
    'driver, state',
    `migwatch_device_state * on (job, instance, device) group_left (driver) ${DRIVER}`,
  ),
  'fact_level:migwatch_coverage:sum': sum('fact, level', 'migwatch_coverage'),
  'ring:migwatch_kernel_records:rate5m': sum('ring', rate('migwatch_kernel_records_total')),
  'ring:migwatch_kernel_records_lost:rate5m': sum('ring', rate('migwatch_kernel_records_lost_total')),
  'job:migwatch_up:sum': 'sum by (job) (up{job=~"migwatch.*"})',
  'job:migwatch_up:count': 'count by (job) (up{job=~"migwatch.*"})',
  'version:migwatch_build_info:count': 'count by (version) (migwatch_build_info)',
} as const;

export type RecordName = keyof typeof RECORDED;
