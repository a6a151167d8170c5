// SPDX-License-Identifier: Apache-2.0
/** Alerts on the watching itself: could something have gone unseen or unwritten? */
import type { AlertSpec } from './alert.js';

const host = '{{ $labels.instance }}';
const count = 'About {{ $value | printf `%.0f` }}';
const grown = (series: string) => `increase(${series}[10m]) > 0`;
const judged = (matcher: string) =>
  `sum by (job, instance, rule) (increase(migwatch_verdicts_total${matcher}[1h]))`;

export const SIGHT_ALERTS = [
  {
    name: 'MigwatchRecordsLost',
    expr: grown('migwatch_kernel_records_lost_total'),
    for: '0m',
    severity: 'warning',
    summary: `${host}: kernel records lost in ring {{ $labels.ring }}`,
    description: `${count} record(s) lost in 10 minutes. Verdicts that needed them are unknown: a violation may have gone unseen.`,
  },
  // Only `none`: `partial` is normal on many kernels and would never clear. Five minutes let
  // the agent attach to modules that are loaded after it started.
  {
    name: 'MigwatchCoverageLost',
    expr: 'migwatch_coverage{level="none"} == 1',
    for: '5m',
    severity: 'warning',
    summary: `${host}: fact {{ $labels.fact }} cannot be observed`,
    description: 'No attached probe provides {{ $labels.fact }}. Rules that need it answer unknown.',
  },
  // A share, not a count: devices that were open before the agent started explain a few. Info: loss,
  // coverage and table size, the causes that can be put right, have alerts of their own.
  {
    name: 'MigwatchUnknownVerdicts',
    expr: `${judged('{verdict="unknown"}')} / ${judged('')} > 0.5`,
    for: '15m',
    severity: 'info',
    summary: `${host}: rule {{ $labels.rule }} can seldom be judged`,
    description:
      '{{ $value | humanizePercentage }} of the verdicts of {{ $labels.rule }} in an hour were unknown: no violation observed says little here.',
  },
  {
    name: 'MigwatchTableFull',
    expr: grown('migwatch_evicted_total'),
    for: '0m',
    severity: 'warning',
    summary: `${host}: the agent had to forget {{ $labels.what }}`,
    description: `${count} forgotten in 10 minutes because there were too many {{ $labels.what }}. Verdicts about them are missing.`,
  },
  {
    name: 'MigwatchExportErrors',
    expr: grown('migwatch_export_errors_total'),
    for: '0m',
    severity: 'warning',
    summary: `${host}: {{ $labels.sink }} cannot be written`,
    description: `${count} write(s) of {{ $labels.sink }} refused in 10 minutes. What was found is counted in the metrics; its evidence is not written.`,
  },
  // A write that fails drops what it should have written: that is the alert above, not this one as well.
  {
    name: 'MigwatchExportDropped',
    expr: `${grown('migwatch_export_queue_dropped_total')} unless on (job, instance, sink) ${grown('migwatch_export_errors_total')}`,
    for: '0m',
    severity: 'warning',
    summary: `${host}: {{ $labels.sink }} is too slow for what it should write`,
    description: `${count} item(s) for {{ $labels.sink }} dropped in 10 minutes. What was found is counted in the metrics; its evidence is not written.`,
  },
  {
    name: 'MigwatchSeriesDropped',
    expr: grown('migwatch_series_dropped_total'),
    for: '0m',
    severity: 'warning',
    summary: `${host}: scrapes leave devices out`,
    description:
      'The host has more series than --web.max-series allows. Alerts on single devices may be missing; those on findings are not.',
  },
  {
    name: 'MigwatchConfigReloadFailed',
    expr: 'migwatch_config_last_reload_successful == 0',
    for: '1m',
    severity: 'warning',
    summary: `${host}: the configuration was refused`,
    description:
      'The agent still judges by the configuration before it, and will not start with this one. Its log says what is wrong and where.',
  },
  {
    name: 'MigwatchWebConfigReloadFailed',
    expr: 'migwatch_web_config_last_reload_successful == 0',
    for: '1m',
    severity: 'warning',
    summary: `${host}: the web configuration or a certificate was refused`,
    description:
      'The web server goes on with what was in force; a certificate that it still uses may expire. The log says what is wrong and where.',
  },
  {
    name: 'MigwatchAgentDown',
    expr: 'up{job=~"migwatch.*"} == 0',
    for: '5m',
    severity: 'warning',
    summary: `${host}: migwatch cannot be scraped`,
    description:
      'Prometheus has had no answer for 5 minutes. Migrations on this host may be going unwatched.',
  },
] as const satisfies readonly AlertSpec[];
