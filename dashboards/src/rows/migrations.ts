// SPDX-License-Identifier: Apache-2.0
/** What migrations cost the guest. */
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as units from '@grafana/grafana-foundation-sdk/units';
import { bars, lines, type Row } from '../panel.js';
import { device, host, increase, POINT, quantile, rate, sumBy } from '../promql.js';

const results = bars({
  id: 401,
  title: 'Migrations by side and result',
  good: 'Migrations that ended; good is completed on both sides, since a failed source often has a failed destination.',
  unit: units.Short,
  span: 8,
  queries: [
    {
      expr: sumBy('side, result', increase(host('migwatch_migrations_total'), POINT)),
      legend: '{{side}} {{result}}',
    },
  ],
});

const stopped = host('migwatch_stopped_seconds_bucket');
const blackout = lines({
  id: 402,
  title: 'Blackout',
  good: 'Time devices spent out of RUNNING on this side; good is well below the downtime agreed for the guest.',
  unit: units.Seconds,
  span: 8,
  queries: [0.5, 0.9, 0.99].map((q) => ({
    expr: quantile(q, 'side', stopped, POINT),
    legend: `p${q * 100} {{side}}`,
  })),
})
  // A migration is a point, not a line: joining two of them would invent values.
  .drawStyle(common.GraphDrawStyle.Points)
  .pointSize(6);

const bytes = lines({
  id: 403,
  title: 'Migration data',
  good: 'Device state saved and resumed; good is a steady rate near the link speed that falls to zero when the migration ends.',
  unit: units.BytesPerSecondIEC,
  span: 8,
  queries: [
    {
      expr: sumBy('instance, device, direction', rate(device('migwatch_migration_data_bytes_total'))),
      legend: '{{direction}} {{device}} {{instance}}',
    },
  ],
});

export const migrationsRow: Row = { id: 400, title: 'Migrations', panels: [results, blackout, bytes] };
