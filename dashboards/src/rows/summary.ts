// SPDX-License-Identifier: Apache-2.0
/** Six numbers that say whether to read on. */
import * as units from '@grafana/grafana-foundation-sdk/units';
import { number, type Row, steps } from '../panel.js';
import { host, increase, RANGE } from '../promql.js';

const violations = (severity: string) =>
  `sum(${increase(host('migwatch_violations_total', `severity="${severity}"`), RANGE)})`;
const verdicts = (...matchers: readonly string[]) =>
  `sum(${increase(host('migwatch_verdicts_total', ...matchers), RANGE)})`;

const critical = number({
  id: 101,
  title: 'Critical violations',
  good: 'Violations that may have corrupted a guest or harmed the host in this time range; good is 0.',
  unit: units.Short,
  span: 4,
  alerts: ['MigwatchViolationCritical'],
  queries: [{ expr: violations('critical') }],
})
  .decimals(0)
  .thresholds(steps('green', [1, 'red']));

const warning = number({
  id: 102,
  title: 'Warning violations',
  good: 'Violations without proof of harm in this time range; good is 0.',
  unit: units.Short,
  span: 4,
  alerts: ['MigwatchViolationWarning'],
  queries: [{ expr: violations('warning') }],
})
  .decimals(0)
  .thresholds(steps('green', [1, 'orange']));

const unknown = number({
  id: 103,
  title: 'Unknown verdicts',
  good: 'Share of judgements that lacked evidence in this time range; good is 0 %, and without judgements it is empty.',
  unit: units.PercentUnit,
  span: 4,
  alerts: ['MigwatchRecordsLost', 'MigwatchCoverageLost'],
  // 0/0 is NaN, which `>= 0` drops: no judgement is not a good judgement.
  queries: [{ expr: `${verdicts('verdict="unknown"')} / ${verdicts()} >= 0` }],
})
  .decimals(2)
  .thresholds(steps('green', [0.0001, 'orange']));

const inError = number({
  id: 104,
  title: 'Devices in ERROR',
  good: 'Devices that need a reset now; good is 0.',
  unit: units.Short,
  span: 4,
  alerts: ['MigwatchDeviceError'],
  queries: [{ expr: `sum(${host('migwatch_device_state', 'state="ERROR"')})` }],
}).thresholds(steps('green', [1, 'red']));

const lost = number({
  id: 105,
  title: 'Records lost',
  good: 'Kernel records lost in this time range; good is 0, because a loss turns verdicts into unknown.',
  unit: units.Short,
  span: 4,
  alerts: ['MigwatchRecordsLost'],
  queries: [{ expr: `sum(${increase(host('migwatch_kernel_records_lost_total'), RANGE)})` }],
})
  .decimals(0)
  .thresholds(steps('green', [1, 'orange']));

const down = number({
  id: 106,
  title: 'Agents down',
  good: 'Agents that Prometheus cannot scrape now; good is 0, because an unwatched host is not a compliant one.',
  unit: units.Short,
  span: 4,
  alerts: ['MigwatchAgentDown'],
  queries: [{ expr: `sum(1 - ${host('up', 'job=~"migwatch.*"')})` }],
}).thresholds(steps('green', [1, 'red']));

export const summaryRow: Row = {
  id: 100,
  title: 'Summary',
  panels: [critical, warning, unknown, inError, lost, down],
};
