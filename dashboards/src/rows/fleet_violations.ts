// SPDX-License-Identifier: Apache-2.0
/** What was broken in the fleet: by rule, by driver, by host. */
import * as units from '@grafana/grafana-foundation-sdk/units';
import { number, type Row, rows, steps } from '../panel.js';
import { countOver, recorded, sumBy } from '../promql.js';

const total = (severity: string) =>
  `sum(${countOver(recorded('rule_severity:migwatch_violations:rate5m', `severity="${severity}"`))})`;

const critical = number({
  id: 101,
  title: 'Critical violations',
  good: 'Violations in this time range that may have harmed a guest or a host; good is 0.',
  unit: units.Short,
  span: 6,
  alerts: ['MigwatchViolationCritical'],
  queries: [{ expr: total('critical') }],
})
  .decimals(0)
  .thresholds(steps('green', [0.5, 'red']));

const warning = number({
  id: 102,
  title: 'Warning violations',
  good: 'Violations in this time range without proof of harm; good is 0.',
  unit: units.Short,
  span: 6,
  alerts: ['MigwatchViolationWarning'],
  queries: [{ expr: total('warning') }],
})
  .decimals(0)
  .thresholds(steps('green', [0.5, 'orange']));

const inError = number({
  id: 103,
  title: 'Devices in ERROR',
  good: 'Devices of the chosen drivers that need a reset now; good is 0.',
  unit: units.Short,
  span: 6,
  alerts: ['MigwatchDeviceError'],
  queries: [
    {
      expr: `sum(${recorded('driver_state:migwatch_device_state:sum', 'driver=~"$driver"', 'state="ERROR"')})`,
    },
  ],
}).thresholds(steps('green', [1, 'red']));

const up = number({
  id: 104,
  title: 'Agents that answer',
  good: 'Share of the agents that Prometheus knows; good is 100 %, as an unwatched host is not a compliant one.',
  unit: units.PercentUnit,
  span: 6,
  alerts: ['MigwatchAgentDown'],
  queries: [{ expr: 'sum(job:migwatch_up:sum) / sum(job:migwatch_up:count)' }],
}).thresholds(steps('red', [0.9, 'orange'], [1, 'green']));

const byRule = rows(
  {
    id: 105,
    title: 'Violations by rule',
    good: 'What was broken in this time range, in the whole fleet; good is an empty table.',
    unit: units.Short,
    span: 8,
    alerts: ['MigwatchViolationCritical', 'MigwatchViolationWarning'],
    queries: [
      {
        expr: `${sumBy('rule, severity', countOver(recorded('rule_severity:migwatch_violations:rate5m')))} > 0`,
      },
    ],
  },
  ['rule', 'severity'],
  ['violations'],
).decimals(0);

const byDriver = rows(
  {
    id: 106,
    title: 'Violations by driver',
    good: 'Which of the chosen drivers had a part in them; good is an empty table, and one driver alone points at it or its firmware.',
    unit: units.Short,
    span: 8,
    queries: [
      {
        expr: `${sumBy('driver, severity', countOver(recorded('driver_severity:migwatch_device_violations:rate5m', 'driver=~"$driver"')))} > 0`,
      },
    ],
  },
  ['driver', 'severity'],
  ['violations'],
).decimals(0);

const byHost = rows(
  {
    id: 107,
    title: 'Twenty hosts with most violations',
    good: 'Where it happened; good is an empty table. Open a host in the Migration overview.',
    unit: units.Short,
    span: 8,
    queries: [
      {
        expr: `topk(20, ${sumBy('instance, severity', countOver(recorded('instance_severity:migwatch_violations:rate5m')))} > 0)`,
      },
    ],
  },
  ['instance', 'severity'],
  ['violations'],
).decimals(0);

export const fleetViolationsRow: Row = {
  id: 100,
  title: 'Violations',
  panels: [critical, warning, inError, up, byRule, byDriver, byHost],
};
