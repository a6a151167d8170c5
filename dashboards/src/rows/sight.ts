// SPDX-License-Identifier: Apache-2.0
/** Could a violation have gone unseen? */
import * as units from '@grafana/grafana-foundation-sdk/units';
import { lanes, lines, type Row, rows } from '../panel.js';
import { codeOf, host, rate, sumBy } from '../promql.js';

/** Worst first: a lane's number grows with what can be seen. */
const LEVELS = [
  { name: 'none', color: 'red' },
  { name: 'partial', color: 'orange' },
  { name: 'complete', color: 'green' },
];

const made = host('migwatch_kernel_records_total');
const lost = host('migwatch_kernel_records_lost_total');
const received = host('migwatch_records_received_total');

const records = lines({
  id: 501,
  title: 'Records made and lost',
  good: 'Records a second by ring; good is lost at zero, above all in ring crit, which carries states and mappings.',
  unit: units.CountsPerSecond,
  span: 12,
  alerts: ['MigwatchRecordsLost'],
  queries: [
    { expr: sumBy('ring', rate(made)), legend: 'made {{ring}}' },
    { expr: sumBy('ring', rate(lost)), legend: 'lost {{ring}}' },
  ],
}).overrideByRegexp('/^lost/', [{ id: 'color', value: { mode: 'fixed', fixedColor: 'red' } }]);

const unaccounted = lines({
  id: 502,
  title: 'Records not accounted for',
  good: 'Made, yet neither received nor lost; good returns to zero as soon as the rings are drained.',
  unit: units.Short,
  span: 12,
  queries: [
    {
      expr: sumBy('instance, ring', `${made} - ${received} - ${lost}`),
      legend: '{{ring}} {{instance}}',
    },
  ],
});

const coverage = lanes(
  {
    id: 503,
    title: 'Coverage',
    good: 'How well each fact can be observed on each host; good is complete, and it changes only with kernel or agent.',
    unit: units.NoUnit,
    span: 12,
    alerts: ['MigwatchCoverageLost'],
    queries: [
      {
        expr: codeOf(
          'level',
          LEVELS.map(({ name }) => name),
          'instance, fact',
          (matcher) => host('migwatch_coverage', matcher),
        ),
        legend: '{{fact}} {{instance}}',
      },
    ],
  },
  LEVELS,
);

const attached = lines({
  id: 504,
  title: 'Probes attached',
  good: 'Attached probes by host and kind; good is a flat line at the same height on hosts with the same kernel.',
  unit: units.Short,
  span: 6,
  alerts: ['MigwatchCoverageLost'],
  queries: [
    { expr: sumBy('instance, kind', host('migwatch_probe_attached')), legend: '{{kind}} {{instance}}' },
  ],
}).decimals(0);

const detached = rows(
  {
    id: 505,
    title: 'Probes not attached',
    good: 'Probes without their hook now; good is an empty table, and `migwatch check` says why one is listed.',
    unit: units.Short,
    span: 6,
    alerts: ['MigwatchCoverageLost'],
    queries: [{ expr: `${sumBy('instance, kind, probe', host('migwatch_probe_attached'))} == 0` }],
  },
  ['instance', 'kind', 'probe'],
  ['attached'],
);

export const sightRow: Row = {
  id: 500,
  title: 'What migwatch can see',
  panels: [records, unaccounted, coverage, attached, detached],
};
