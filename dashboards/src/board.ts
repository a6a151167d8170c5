// SPDX-License-Identifier: Apache-2.0
/** What every dashboard has in common: variables, links to the others, and rows from top to bottom. */
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { DATASOURCE, type Row } from './panel.js';

const TAG = 'migwatch';

const datasource = new dashboard.DatasourceVariableBuilder('datasource')
  .label('Data source')
  .type('prometheus');

/** A choice of label values. "All" is a pattern of its own: a thousand devices would make a very long one. */
export function choice(name: string, label: string, series: string): dashboard.QueryVariableBuilder {
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

export interface BoardSpec {
  /** Never changed: bookmarks and links hang on it. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly dashboard.QueryVariableBuilder[];
  readonly rows: readonly Row[];
}

export function board(spec: BoardSpec): dashboard.Dashboard {
  const builder = new dashboard.DashboardBuilder(`migwatch / ${spec.title}`)
    .uid(spec.uid)
    .description(spec.description)
    .tags([TAG, 'vfio'])
    .link(
      new dashboard.DashboardLinkBuilder('migwatch')
        .type(dashboard.DashboardLinkType.Dashboards)
        .tags([TAG])
        .includeVars(true)
        .keepTime(true),
    )
    .timezone('browser')
    .time({ from: 'now-6h', to: 'now' })
    .refresh('1m')
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .annotations([])
    .withVariable(datasource);
  for (const variable of spec.variables) builder.withVariable(variable);
  for (const row of spec.rows) {
    builder.withRow(new dashboard.RowBuilder(row.title).id(row.id));
    for (const panel of row.panels) builder.withPanel(panel);
  }
  return builder.build();
}
