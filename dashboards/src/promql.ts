// SPDX-License-Identifier: Apache-2.0
/** PromQL as text: selectors bound to the dashboard's variables and the few shapes that panels share. */
import { INTERVAL_SECONDS, type RecordName } from './alerts/recording.js';

/** What a point of a graph counts: at least four scrapes, so that no increment falls between two points. */
export const POINT = '$__rate_interval';
/** The whole time range shown. */
export const RANGE = '$__range';

/** Series of the chosen agents. */
export function host(metric: string, ...matchers: readonly string[]): string {
  return `${metric}{${['instance=~"$instance"', ...matchers].join(', ')}}`;
}

/** Series of the chosen agents and devices; only for metrics that carry `device`. */
export function device(metric: string, ...matchers: readonly string[]): string {
  return host(metric, 'device=~"$device"', ...matchers);
}

export function rate(selector: string): string {
  return `rate(${selector}[${POINT}])`;
}

export function increase(selector: string, window: string): string {
  return `increase(${selector}[${window}])`;
}

export function sumBy(labels: string, expr: string): string {
  return `sum by (${labels}) (${expr})`;
}

/** A quantile of a classic histogram. Migrations are rare: `>= 0` drops the NaN of groups with no observation. */
export function quantile(q: number, labels: string, buckets: string, window: string): string {
  return `histogram_quantile(${q}, ${sumBy(`le, ${labels}`, increase(buckets, window))}) >= 0`;
}

/**
 * One number per series group from a state set: the position in `values` of the
 * one that is 1. PromQL cannot turn a label into a value, and a state timeline
 * needs one series a lane. Where none is 1 the result is empty, not 0, so that
 * "not seen" never looks like the first value.
 */
export function codeOf(
  label: string,
  values: readonly string[],
  by: string,
  select: (matcher: string) => string,
): string {
  const terms = values.map((value, code) => `(${select(`${label}="${value}"`)} == 1) * ${code}`);
  return `max by (${by}) (${terms.join(' or ')})`;
}

/** A recorded sum over all hosts. The type keeps dashboards to what is recorded. */
export function recorded(name: RecordName, ...matchers: readonly string[]): string {
  return matchers.length > 0 ? `${name}{${matchers.join(', ')}}` : name;
}

/** How often it happened in the range shown, from a recorded rate. */
export function countOver(rate: string): string {
  return `sum_over_time(${rate}[${RANGE}]) * ${INTERVAL_SECONDS}`;
}
