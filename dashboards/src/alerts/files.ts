// SPDX-License-Identifier: Apache-2.0
/** The rules as Prometheus reads them, and as the Prometheus Operator does. */
import { stringify } from 'yaml';
import { alertRule } from './alert.js';
import { CONTRACT_ALERTS } from './contract.js';
import { INTERVAL_SECONDS, RECORDED } from './recording.js';
import { SIGHT_ALERTS } from './sight.js';

export const ALERTS = [...CONTRACT_ALERTS, ...SIGHT_ALERTS];
export type Alert = (typeof ALERTS)[number]['name'];

const HEADER = `# SPDX-License-Identifier: Apache-2.0
# Made by \`make dashboards\` from dashboards/src/alerts.
`;

const groups = [
  {
    name: 'migwatch-fleet',
    interval: `${INTERVAL_SECONDS / 60}m`,
    rules: Object.entries(RECORDED).map(([record, expr]) => ({ record, expr })),
  },
  { name: 'migwatch-contract', rules: CONTRACT_ALERTS.map(alertRule) },
  { name: 'migwatch-sight', rules: SIGHT_ALERTS.map(alertRule) },
];

const manifest = {
  apiVersion: 'monitoring.coreos.com/v1',
  kind: 'PrometheusRule',
  metadata: { name: 'migwatch', labels: { 'app.kubernetes.io/name': 'migwatch' } },
  spec: { groups },
};

const yaml = (document: object) =>
  HEADER + stringify(document, { lineWidth: 0, aliasDuplicateObjects: false });

/** File by name, with its text. */
export const RULE_FILES = {
  'migwatch.rules.yml': yaml({ groups }),
  'prometheusrule.yaml': yaml(manifest),
};
