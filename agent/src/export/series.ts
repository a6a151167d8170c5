// SPDX-License-Identifier: Apache-2.0
/**
 * The agent's metrics as prom-client's registry takes them: objects with a name
 * and get(). Series live as long as what they describe and are only given new
 * numbers, so that a scrape hashes nothing and prom-client is not called per event.
 */
import { type Metric, Registry } from 'prom-client';
import type { MetricKey, MetricRow } from './metric_table.js';

export type Labels = Readonly<Record<string, string>>;

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replace(/[\\"\n]/g, (c) => ESCAPES[c] ?? c)}"`,
  );
  return pairs.length ? `{${pairs.join(',')}}` : '';
}

/** One line of /metrics. */
export class Series {
  value = 0;
  /** Of `value`, what earlier lives of a device counted. */
  base = 0;
  private text: string | undefined;

  /** `metricName` where it is not the metric's own: the parts of a histogram. */
  constructor(
    readonly labels: Labels,
    readonly metricName?: string,
  ) {}

  /** Without newline. A series belongs to one metric, whose name is given. */
  line(name: string): string {
    this.text ??= `${this.metricName ?? name}${labelText(this.labels)} `;
    return this.text + this.value;
  }
}

/** The lines of one scrape, by metric. */
export type Lines = Readonly<Record<MetricKey, Series[]>>;

/** One metric and its series as of the last collection. */
export class TableMetric {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator = 'sum';
  values: Series[] = [];

  constructor(row: MetricRow) {
    this.name = row.name;
    this.help = row.help;
    this.type = row.type;
  }

  get(): Promise<this> {
    return Promise.resolve(this);
  }

  /** In the text format 0.0.4. */
  text(): string {
    let text = `# HELP ${this.name} ${this.help}\n# TYPE ${this.name} ${this.type}`;
    for (const series of this.values) text += `\n${series.line(this.name)}`;
    return text;
  }

  /** The typings name prom-client's four classes only; the registry asks for no more than this. */
  asMetric(): Metric {
    return this as unknown as Metric;
  }
}

/**
 * A registry that lets our metrics write themselves: the label text of a series
 * never changes, and prom-client would format it anew at each scrape (28,000
 * series: 50 ms against 7 ms).
 */
export class TableRegistry extends Registry {
  private readonly table: TableMetric[] = [];

  add(metric: TableMetric): void {
    this.registerMetric(metric.asMetric());
    this.table.push(metric);
  }

  override async metrics(): Promise<string> {
    const ours = this.table.map((metric) => metric.text());
    const names = new Set(this.table.map(({ name }) => name));
    const others = this.getMetricsAsArray().filter(({ name }) => !names.has(name));
    const theirs = await Promise.all(others.map(({ name }) => this.getSingleMetricAsString(name)));
    return `${[...ours, ...theirs].join('\n\n')}\n`;
  }
}
