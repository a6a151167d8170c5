// SPDX-License-Identifier: Apache-2.0
/** The two text formats of /metrics: Prometheus 0.0.4 and OpenMetrics 1.0. */
import type { Metric } from 'prom-client';
import type { MetricRow } from './metric_table.js';
import { boundText, type Line, labelText, numberText } from './series.js';
import type { TextBuffer } from './text_buffer.js';

export const FORMATS = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
} as const;
export type Format = keyof typeof FORMATS;

const OPENMETRICS = /^application\/openmetrics-text$/i;
const TEXT = /^(text\/plain|text\/\*|\*\/\*)$/i;
/** Of OpenMetrics, what is spoken here; without a version the client takes any. */
const VERSIONS = ['1.0.0', '0.0.1', undefined];

/** What a client that sent this Accept header gets: the old format unless it prefers the new one. */
export function formatFor(accept: string | undefined): Format {
  let [text, openmetrics] = [0, 0];
  for (const range of (accept ?? '').split(',')) {
    const [type = '', ...rest] = range.split(';').map((part) => part.trim());
    const parameter = (name: string) =>
      rest.find((p) => p.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1);
    const q = Number(parameter('q') ?? 1);
    if (OPENMETRICS.test(type) && VERSIONS.includes(parameter('version')))
      openmetrics = Math.max(openmetrics, q);
    else if (TEXT.test(type)) text = Math.max(text, q);
  }
  return openmetrics > 0 && openmetrics >= text ? 'openmetrics' : 'text';
}

/** In OpenMetrics a counter's family has the name without `_total`; its series keep it. */
const familyName = (name: string, type: string, format: Format) =>
  format === 'openmetrics' && type === 'counter' ? name.replace(/_total$/, '') : name;

function head(name: string, type: string, help: string, format: Format): string {
  const family = familyName(name, type, format);
  return `# HELP ${family} ${help}\n# TYPE ${family} ${type}\n`;
}

/** One metric of the table; it is there even without series, so that it can be looked up. */
export function writeTable(row: MetricRow, values: readonly Line[], format: Format, into: TextBuffer): void {
  into.add(head(row.name, row.type, row.help, format));
  for (const line of values) {
    const text = line.text(row.name);
    const { exemplar } = line;
    if (exemplar && format === 'openmetrics')
      into.add(`${text.trimEnd()} # ${labelText(exemplar.labels)} 1 ${exemplar.seconds.toFixed(3)}\n`);
    else into.add(text);
  }
}

/** A metric that prom-client keeps (process_*, nodejs_*). */
export async function promClientText(metric: Metric, format: Format): Promise<string> {
  const { name, type, help, values } = await metric.get();
  let text = head(name, String(type), help, format);
  for (const v of values) {
    const own = 'metricName' in v ? String(v.metricName) : name;
    const { le, ...labels } = v.labels as Record<string, string | number>;
    const bound = le === undefined ? {} : { le: typeof le === 'number' ? boundText(le) : le };
    text += `${own}${labelText({ ...labels, ...bound })} ${numberText(v.value)}\n`;
  }
  return text;
}
