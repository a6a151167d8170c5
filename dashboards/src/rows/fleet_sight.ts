// SPDX-License-Identifier: Apache-2.0
/** How much of the fleet could be judged. */
import * as units from '@grafana/grafana-foundation-sdk/units';
import { lines, type Row, rows } from '../panel.js';
import { countOver, recorded, sumBy } from '../promql.js';

const records = lines({
  id: 301,
  title: 'Records made and lost',
  good: 'Records a second of all hosts; good is lost at zero.',
  unit: units.CountsPerSecond,
  span: 8,
  alerts: ['MigwatchRecordsLost'],
  queries: [
    { expr: sumBy('ring', recorded('ring:migwatch_kernel_records:rate5m')), legend: 'made {{ring}}' },
    { expr: sumBy('ring', recorded('ring:migwatch_kernel_records_lost:rate5m')), legend: 'lost {{ring}}' },
  ],
});

const coverage = rows(
  {
    id: 302,
    title: 'Coverage: hosts by fact and level',
    good: 'On how many hosts a fact can be observed, and how well; good is complete on all of them.',
    unit: units.Short,
    span: 8,
    alerts: ['MigwatchCoverageLost'],
    queries: [{ expr: `${sumBy('fact, level', recorded('fact_level:migwatch_coverage:sum'))} > 0` }],
  },
  ['fact', 'level'],
  ['hosts'],
);

const verdicts = recorded('rule_verdict:migwatch_verdicts:rate5m', 'verdict="unknown"');
const unknown = rows(
  {
    id: 303,
    title: 'Unknown verdicts by rule in this time range',
    good: 'Events that a rule could not judge; good is an empty table, as unknown proves nothing.',
    unit: units.Short,
    span: 8,
    alerts: ['MigwatchUnknownVerdicts'],
    queries: [{ expr: `${sumBy('rule', countOver(verdicts))} > 0` }],
  },
  ['rule'],
  ['unknown'],
).decimals(0);

const versions = lines({
  id: 304,
  title: 'Agents by version',
  good: 'What runs; good is one version outside of a roll-out.',
  unit: units.Short,
  span: 24,
  queries: [{ expr: sumBy('version', recorded('version:migwatch_build_info:count')), legend: '{{version}}' }],
}).decimals(0);

export const fleetSightRow: Row = {
  id: 300,
  title: 'What migwatch can see',
  panels: [records, coverage, unknown, versions],
};
