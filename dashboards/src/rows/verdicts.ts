// SPDX-License-Identifier: Apache-2.0
/** Was the contract kept, and which rule says otherwise? */
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as units from '@grafana/grafana-foundation-sdk/units';
import { bars, lines, type Row, rows } from '../panel.js';
import { device, host, increase, POINT, RANGE, rate, sumBy } from '../promql.js';

const violations = host('migwatch_violations_total');
const sortDown = (column: string) => [
  new common.TableSortByFieldStateBuilder().displayName(column).desc(true),
];

const byRule = bars({
  id: 201,
  title: 'Violations by rule and severity',
  good: 'When rules were broken; good is an empty graph at zero, and every bar is worth reading what its mark names: a capture, or a record of the violations file.',
  unit: units.Short,
  span: 16,
  alerts: ['MigwatchViolationCritical', 'MigwatchViolationWarning'],
  queries: [
    {
      expr: sumBy('rule, severity', increase(violations, POINT)),
      legend: '{{severity}} {{rule}}',
      exemplars: true,
    },
  ],
});

const counted = rows(
  {
    id: 202,
    title: 'Violations in this time range',
    good: 'Every active rule with its count; good is 0 on each line, and a rule that is missing here is not being judged.',
    unit: units.Short,
    span: 8,
    alerts: ['MigwatchViolationCritical', 'MigwatchViolationWarning'],
    queries: [{ expr: sumBy('rule, severity', increase(violations, RANGE)) }],
  },
  ['rule', 'severity'],
  ['violations'],
)
  .decimals(0)
  .sortBy(sortDown('violations'));

const byDevice = bars({
  id: 203,
  title: 'Violations by device',
  good: 'Which device was involved; good is zero, and bars on one device only point at its driver or firmware.',
  unit: units.Short,
  span: 12,
  queries: [
    {
      expr: sumBy('instance, device, severity', increase(device('migwatch_device_violations_total'), POINT)),
      legend: '{{severity}} {{device}} {{instance}}',
    },
  ],
});

const last = rows(
  {
    id: 204,
    title: 'Last violation of each device and rule',
    good: 'Which device broke which rule and when, kept for a day; good is an empty table.',
    unit: units.DatetimeISO,
    span: 12,
    queries: [
      {
        // Grafana's dates are in milliseconds.
        expr: `max by (instance, device, rule) (${device('migwatch_last_violation_timestamp_seconds')}) * 1000`,
      },
    ],
  },
  ['instance', 'device', 'rule'],
  ['last broken'],
).sortBy(sortDown('last broken'));

const verdicts = lines({
  id: 205,
  title: 'Verdicts',
  good: 'Judgements a second; good is kept only, because broken is a violation and unknown proves nothing.',
  unit: units.CountsPerSecond,
  span: 12,
  queries: [{ expr: sumBy('verdict', rate(host('migwatch_verdicts_total'))), legend: '{{verdict}}' }],
});

const unknown = rows(
  {
    id: 206,
    title: 'Rules that could not be judged in this time range',
    good: 'Count of unknown verdicts by rule; good is an empty table, else records were lost or a fact is not covered.',
    unit: units.Short,
    span: 12,
    alerts: ['MigwatchRecordsLost', 'MigwatchCoverageLost'],
    queries: [
      {
        expr: `${sumBy('rule', increase(host('migwatch_verdicts_total', 'verdict="unknown"'), RANGE))} > 0`,
      },
    ],
  },
  ['rule'],
  ['unknown'],
)
  .decimals(0)
  .sortBy(sortDown('unknown'));

export const verdictsRow: Row = {
  id: 200,
  title: 'Violations and verdicts',
  panels: [byRule, counted, byDevice, last, verdicts, unknown],
};
