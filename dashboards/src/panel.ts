// SPDX-License-Identifier: Apache-2.0
/** What every panel has in common, and the four kinds of panel used here. */
import type * as cog from '@grafana/grafana-foundation-sdk/cog';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as statetimeline from '@grafana/grafana-foundation-sdk/statetimeline';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import { RUNBOOKS } from './alerts/alert.js';
import type { Alert } from './alerts/files.js';

export const DATASOURCE: dashboard.DataSourceRef = { type: 'prometheus', uid: '$datasource' };

export interface Query {
  readonly expr: string;
  /** Grafana's legend template; a table shows the labels themselves. */
  readonly legend?: string;
  /** Marks in the graph that name the capture, or the record, of the last finding. */
  readonly exemplars?: boolean;
}

export interface PanelSpec {
  /** Chosen by hand and never reused: links to a panel and its history hang on it. */
  readonly id: number;
  readonly title: string;
  /** One sentence: what is shown and what good looks like. */
  readonly good: string;
  readonly unit: string;
  /** Of 24 columns. The panels of a line must add up to 24. */
  readonly span: number;
  readonly height?: number;
  readonly alerts?: readonly Alert[];
  readonly queries: readonly Query[];
}

/** A folding header and the panels below it. */
export interface Row {
  readonly id: number;
  readonly title: string;
  readonly panels: readonly cog.Builder<dashboard.Panel>[];
}

/** The part of the generated builders that does not depend on the kind of panel. */
interface AnyPanel {
  id(id: number): this;
  title(title: string): this;
  description(text: string): this;
  datasource(ref: dashboard.DataSourceRef): this;
  unit(unit: string): this;
  span(columns: number): this;
  height(rows: number): this;
  links(links: cog.Builder<dashboard.DashboardLink>[]): this;
}

function frame<P extends AnyPanel>(panel: P, spec: PanelSpec): P {
  const links = (spec.alerts ?? []).map((alert) =>
    new dashboard.DashboardLinkBuilder(`Runbook: ${alert}`)
      .type(dashboard.DashboardLinkType.Link)
      .url(`${RUNBOOKS}/${alert}`)
      .targetBlank(true),
  );
  return panel
    .id(spec.id)
    .title(spec.title)
    .description(spec.good)
    .datasource(DATASOURCE)
    .unit(spec.unit)
    .span(spec.span)
    .height(spec.height ?? 8)
    .links(links);
}

function target(query: Query, position: number): prometheus.DataqueryBuilder {
  const made = new prometheus.DataqueryBuilder()
    .refId(String.fromCharCode(65 + position))
    .datasource(DATASOURCE)
    .editorMode(prometheus.QueryEditorMode.Code)
    .expr(query.expr)
    .legendFormat(query.legend ?? '');
  return query.exemplars ? made.exemplar(true) : made;
}

const over = (spec: PanelSpec) => spec.queries.map((q, i) => target(q, i).range());
const once = (spec: PanelSpec) => spec.queries.map((q, i) => target(q, i).instant());

const hoverAll = new common.VizTooltipOptionsBuilder()
  .mode(common.TooltipDisplayMode.Multi)
  .sort(common.SortOrder.Descending);
const legendBelow = new common.VizLegendOptionsBuilder()
  .showLegend(true)
  .displayMode(common.LegendDisplayMode.List)
  .placement(common.LegendPlacement.Bottom)
  .calcs([]);

/** Colour steps, lowest first; the first colour holds from minus infinity. */
export function steps(base: string, ...above: readonly (readonly [number, string])[]) {
  const first: dashboard.Threshold = { value: null, color: base };
  return new dashboard.ThresholdsConfigBuilder()
    .mode(dashboard.ThresholdsMode.Absolute)
    .steps([first, ...above.map(([value, color]) => ({ value, color }))]);
}

/** A graph over time. Zero is always in view, yet soft: a negative value would be news and must show. */
export function lines(spec: PanelSpec): timeseries.PanelBuilder {
  return frame(new timeseries.PanelBuilder(), spec)
    .targets(over(spec))
    .axisSoftMin(0)
    .lineWidth(1)
    .fillOpacity(10)
    .tooltip(hoverAll)
    .legend(legendBelow);
}

/** Events over time. Bars of one `POINT` overlap: they say when; tables and stats say how many. */
export function bars(spec: PanelSpec): timeseries.PanelBuilder {
  return lines(spec)
    .drawStyle(common.GraphDrawStyle.Bars)
    .fillOpacity(80)
    .decimals(0)
    .stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal).group('A'));
}

/** One number for now or for the whole range. */
export function number(spec: PanelSpec): stat.PanelBuilder {
  return frame(new stat.PanelBuilder(), { height: 4, ...spec })
    .targets(once(spec))
    .colorMode(common.BigValueColorMode.Background)
    .graphMode(common.BigValueGraphMode.None)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']));
}

/** Lanes of states, fed by `codeOf`; the values' names and colours come in the same order. */
export function lanes(
  spec: PanelSpec,
  states: readonly { readonly name: string; readonly color: string }[],
): statetimeline.PanelBuilder {
  const options = Object.fromEntries(
    states.map(({ name, color }, code) => [String(code), { text: name, color, index: code }]),
  );
  return frame(new statetimeline.PanelBuilder(), spec)
    .targets(over(spec))
    .mappings([{ type: dashboard.MappingType.ValueToText, options }])
    .mergeValues(true)
    .showValue(common.VisibilityMode.Auto)
    .perPage(20)
    .legend(legendBelow);
}

/** The label columns in the order given, then one column a query; queries are joined on their labels. */
export function rows(
  spec: PanelSpec,
  labels: readonly string[],
  values: readonly string[],
): table.PanelBuilder {
  const only = values.length === 1;
  const columns = values.map((name, i) => [only ? 'Value' : `Value #${String.fromCharCode(65 + i)}`, name]);
  const indexByName = Object.fromEntries(
    [...labels, ...columns.map(([raw]) => raw)].map((name, i) => [name, i]),
  );
  const targets = once(spec).map((query) => query.format(prometheus.PromQueryFormat.Table));
  return frame(new table.PanelBuilder(), spec)
    .targets(targets)
    .filterable(true)
    .transformations([
      ...(only ? [] : [{ id: 'merge', options: {} }]),
      {
        id: 'organize',
        options: { excludeByName: { Time: true }, indexByName, renameByName: Object.fromEntries(columns) },
      },
    ]);
}
