// SPDX-License-Identifier: Apache-2.0
/** What an alert is made of, before it becomes YAML. */

/** Placeholder; whoever publishes dashboards/runbooks replaces it here and runs `make dashboards`. */
export const RUNBOOKS = 'https://migwatch.example/runbooks';

export interface AlertSpec {
  /** Also the name of its runbook page. */
  readonly name: string;
  readonly expr: string;
  /** How long the expression must hold before anybody is told; an event that has happened does not wait. */
  readonly for: string;
  /** Left out where the series carry the severity of the finding, which the alert then keeps. */
  readonly severity?: 'critical' | 'warning' | 'info';
  readonly summary: string;
  readonly description: string;
}

/** As the rule file has it. Labels are those of the series; the value is in annotations only, so that an alert keeps its identity while it grows. */
export function alertRule(alert: AlertSpec): object {
  return {
    alert: alert.name,
    expr: alert.expr,
    for: alert.for,
    ...(alert.severity && { labels: { severity: alert.severity } }),
    annotations: {
      summary: alert.summary,
      description: alert.description,
      runbook_url: `${RUNBOOKS}/${alert.name}`,
    },
  };
}
