// SPDX-License-Identifier: Apache-2.0
/** Alerts on findings: the contract was broken, or an objective of operation missed. */
import type { AlertSpec } from './alert.js';

/** Rules with an alert of their own: one cause, one alert. */
const OWN = {
  stuck: ['fsm-transition-stuck', 'fsm-blocked-arc-spin'],
  dwell: ['state-dwell-exceeded'],
  blackout: ['blackout-budget-exceeded'],
  p2p: ['p2p-window-open', 'p2p-map-target-halted'],
} as const;
const GENERAL = `rule!~"${Object.values(OWN).flat().join('|')}"`;

const WINDOW = '10m';

/** The counters are 0 from the start for every active rule: increase() sees the first violation. */
const found = (...matchers: readonly string[]) =>
  `increase(migwatch_violations_total{${matchers.join(', ')}}[${WINDOW}]) > 0`;
const foundOf = (rules: readonly string[]) => found(`rule=~"${rules.join('|')}"`, 'severity!="info"');

const host = '{{ $labels.instance }}';
const rule = '{{ $labels.rule }}';
const count = 'About {{ $value | printf `%.0f` }}';
const WHERE = 'The violation records name device, VM and party.';

export const CONTRACT_ALERTS = [
  {
    name: 'MigwatchViolationCritical',
    expr: found(GENERAL, 'severity="critical"'),
    for: '0m',
    severity: 'critical',
    summary: `${host}: rule ${rule} broken, guest or host may be harmed`,
    description: `${count} critical violation(s) of ${rule} in 10 minutes. ${WHERE}`,
  },
  {
    name: 'MigwatchViolationWarning',
    expr: found(GENERAL, 'severity="warning"'),
    for: '0m',
    severity: 'warning',
    summary: `${host}: rule ${rule} broken`,
    description: `${count} violation(s) of ${rule} in 10 minutes, without proof of harm. ${WHERE}`,
  },
  {
    name: 'MigwatchTransitionStuck',
    expr: foundOf(OWN.stuck),
    for: '0m',
    summary: `${host}: a SET_STATE does not return`,
    description: `${count} transition(s) found stuck in 10 minutes (${rule}). The guest's device is out of work until it returns. ${WHERE}`,
  },
  {
    name: 'MigwatchStateDwell',
    expr: foundOf(OWN.dwell),
    for: '0m',
    summary: `${host}: a device stays in a transitional state`,
    description: `${count} stay(s) longer than a migration explains, in 10 minutes. ${WHERE}`,
  },
  {
    name: 'MigwatchBlackoutBudget',
    expr: foundOf(OWN.blackout),
    for: '0m',
    summary: `${host}: a device was out of work longer than its budget`,
    description: `${count} migration(s) over the blackout budget in 10 minutes. Critical: over ten times the budget. ${WHERE}`,
  },
  {
    name: 'MigwatchP2pWindow',
    expr: foundOf(OWN.p2p),
    for: '0m',
    summary: `${host}: another device can write to a halted one`,
    description: `${count} finding(s) of ${rule} in 10 minutes: a BAR of a halted device is mapped for DMA where a running device reaches it. ${WHERE}`,
  },
  {
    name: 'MigwatchDeviceError',
    expr: 'migwatch_device_state{state="ERROR"} == 1',
    for: '0m',
    severity: 'critical',
    summary: `${host}: device {{ $labels.device }} is in ERROR`,
    description: 'The migration state of {{ $labels.device }} is ERROR. Only a reset brings the device back.',
  },
] as const satisfies readonly AlertSpec[];
