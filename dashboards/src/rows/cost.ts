// SPDX-License-Identifier: Apache-2.0
/** What watching costs the host. */
import * as units from '@grafana/grafana-foundation-sdk/units';
import { lines, type Row } from '../panel.js';
import { host, rate } from '../promql.js';

/** `process_*` exists in every exporter; only a migwatch target has the build info. */
const ofAgents = (expr: string) => `${expr} and on (instance, job) ${host('migwatch_build_info')}`;

const cpu = lines({
  id: 601,
  title: 'Agent CPU',
  good: 'Share of one core; good is below 0.1 % while no device migrates.',
  unit: units.PercentUnit,
  span: 12,
  queries: [{ expr: ofAgents(rate(host('process_cpu_seconds_total'))), legend: '{{instance}}' }],
});

const memory = lines({
  id: 602,
  title: 'Agent resident memory',
  good: 'Resident memory; good is flat and below 110 MB.',
  unit: units.BytesIEC,
  span: 12,
  queries: [{ expr: ofAgents(host('process_resident_memory_bytes')), legend: '{{instance}}' }],
});

export const costRow: Row = { id: 600, title: 'Cost of the agent', panels: [cpu, memory] };
