// SPDX-License-Identifier: Apache-2.0
/** The dashboard "migwatch / Migration overview": its variables and its rows, top to bottom. */
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { DATASOURCE, type Row } from './panel.js';
import { costRow } from './rows/cost.js';
import { devicesRow } from './rows/devices.js';
import { migrationsRow } from './rows/migrations.js';
import { sightRow } from './rows/sight.js';
import { summaryRow } from './rows/summary.js';
import { verdictsRow } from './rows/verdicts.js';

const ROWS: readonly Row[] = [summaryRow, verdictsRow, devicesRow, migrationsRow, sightRow, costRow];

const datasource = new dashboard.DatasourceVariableBuilder('datasource')
  .label('Data source')
  .type('prometheus');

/** A choice of label values. "All" is a pattern of its own: a thousand devices would make a very long one. */
function choice(name: string, label: string, series: string): dashboard.QueryVariableBuilder {
  return new dashboard.QueryVariableBuilder(name)
    .label(label)
    .datasource(DATASOURCE)
    .query(`label_values(${series}, ${name})`)
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.+')
    .current({ selected: true, text: 'All', value: '$__all' });
}

export function overview(): dashboard.Dashboard {
  const board = new dashboard.DashboardBuilder('migwatch / Migration overview')
    .uid('migwatch-migration-overview')
    .description('VFIO live migration on the chosen hosts: was the contract kept, and could migwatch see it?')
    .tags(['migwatch', 'vfio'])
    .timezone('browser')
    .time({ from: 'now-6h', to: 'now' })
    .refresh('1m')
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .annotations([])
    .withVariable(datasource)
    .withVariable(choice('instance', 'Instance', 'migwatch_build_info'))
    .withVariable(choice('device', 'Device', 'migwatch_device_info{instance=~"$instance"}'));
  for (const row of ROWS) {
    board.withRow(new dashboard.RowBuilder(row.title).id(row.id));
    for (const panel of row.panels) board.withPanel(panel);
  }
  return board.build();
}
