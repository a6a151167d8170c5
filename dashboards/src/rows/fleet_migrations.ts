// SPDX-License-Identifier: Apache-2.0
/** How migrations went in the fleet, and what they cost guests. */
import * as units from '@grafana/grafana-foundation-sdk/units';
import { lines, type Row, rows } from '../panel.js';
import { countOver, recorded, sumBy } from '../promql.js';

const results = lines({
  id: 201,
  title: 'Device migrations an hour',
  good: 'Ended migrations by side and result; good is completed on both sides at the same height.',
  unit: units.Short,
  span: 8,
  queries: [
    {
      expr: `${sumBy('side, result', recorded('side_result:migwatch_migrations:rate5m'))} * 3600`,
      legend: '{{side}} {{result}}',
    },
  ],
});

const buckets = sumBy('side, le', countOver(recorded('side_le:migwatch_stopped_seconds_bucket:rate5m')));
const downtime = rows(
  {
    id: 202,
    title: 'Time out of service in this time range',
    good: 'How long devices were out of RUNNING, by side; good is p99 below the downtime agreed for guests.',
    unit: units.Seconds,
    span: 8,
    alerts: ['MigwatchBlackoutBudget'],
    // `>= 0` drops the NaN of a side without a migration.
    queries: [0.5, 0.9, 0.99].map((q) => ({ expr: `histogram_quantile(${q}, ${buckets}) >= 0` })),
  },
  ['side'],
  ['p50', 'p90', 'p99'],
);

const states = lines({
  id: 203,
  title: 'Devices by state',
  good: 'Devices of the chosen drivers; good is nearly all in RUNNING, and what leaves it comes back.',
  unit: units.Short,
  span: 8,
  alerts: ['MigwatchStateDwell', 'MigwatchTransitionStuck'],
  queries: [
    {
      expr: sumBy('state', recorded('driver_state:migwatch_device_state:sum', 'driver=~"$driver"')),
      legend: '{{state}}',
    },
  ],
});

export const fleetMigrationsRow: Row = {
  id: 200,
  title: 'Migrations',
  panels: [results, downtime, states],
};
