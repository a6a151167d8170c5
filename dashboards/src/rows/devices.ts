// SPDX-License-Identifier: Apache-2.0
/** Where each device stands, and how its driver walks the arcs. */
import * as units from '@grafana/grafana-foundation-sdk/units';
import { bars, lanes, type Row, rows } from '../panel.js';
import { codeOf, device, host, increase, POINT, quantile, RANGE, sumBy } from '../promql.js';

/** In the order of enum vfio_device_mig_state, so that a lane's number is the uAPI's. */
const STATES = [
  { name: 'ERROR', color: 'dark-red' },
  { name: 'STOP', color: 'red' },
  { name: 'RUNNING', color: 'green' },
  { name: 'STOP_COPY', color: 'orange' },
  { name: 'RESUMING', color: 'blue' },
  { name: 'RUNNING_P2P', color: 'super-light-green' },
  { name: 'PRE_COPY', color: 'yellow' },
  { name: 'PRE_COPY_P2P', color: 'light-yellow' },
];

const lane = 'instance, device';
const names = STATES.map(({ name }) => name);

export const states = lanes(
  {
    id: 301,
    title: 'Device states',
    good: 'State at each scrape (shorter visits do not show); good is RUNNING with brief migrations, and never ERROR.',
    unit: units.NoUnit,
    span: 24,
    height: 10,
    alerts: ['MigwatchDeviceError'],
    queries: [
      {
        expr: codeOf('state', names, lane, (matcher) => device('migwatch_device_state', matcher)),
        legend: '{{device}} {{instance}}',
      },
    ],
  },
  STATES,
);

const failed = bars({
  id: 302,
  title: 'Failed arcs',
  good: 'Arcs that the driver refused or failed; good is none, and a failed arc into RESUMING or STOP_COPY costs the migration.',
  unit: units.Short,
  span: 12,
  queries: [
    {
      expr: sumBy('driver, from, to', increase(host('migwatch_arcs_total', 'result="failed"'), POINT)),
      legend: '{{driver}} {{from}} → {{to}}',
    },
  ],
});

const arc = 'driver, from, to';
const buckets = host('migwatch_transition_seconds_bucket');

const durations = rows(
  {
    id: 303,
    title: 'Transition durations in this time range',
    good: 'How long each arc took in the driver; good is milliseconds, with p99 close to p50.',
    unit: units.Seconds,
    span: 12,
    queries: [
      { expr: quantile(0.5, arc, buckets, RANGE) },
      { expr: quantile(0.99, arc, buckets, RANGE) },
      // As above, only the arcs that were taken.
      { expr: `${sumBy(arc, increase(host('migwatch_transition_seconds_count'), RANGE))} > 0` },
    ],
  },
  ['driver', 'from', 'to'],
  ['p50', 'p99', 'arcs'],
).overrideByName('arcs', [
  { id: 'unit', value: units.Short },
  { id: 'decimals', value: 0 },
]);

export const devicesRow: Row = { id: 300, title: 'Devices', panels: [states, failed, durations] };
