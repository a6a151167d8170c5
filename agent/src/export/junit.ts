// SPDX-License-Identifier: Apache-2.0
/** Findings as JUnit XML, as CI systems read it: a suite for each trace, a case for each rule. */
import type { Violation } from '../rules/finding.js';

/** A rule in one trace. */
export interface JunitCase {
  readonly rule: string;
  readonly violations: readonly Violation[];
  /** Why it says nothing, where it was neither broken nor seen to be kept. */
  readonly skipped?: string;
}

export interface JunitSuite {
  readonly name: string;
  readonly profile: string;
  readonly host: string;
  /** ISO 8601 of its first record; empty where it has none. */
  readonly began: string;
  readonly seconds: number;
  readonly cases: readonly JunitCase[];
  /** Why the whole cannot be assessed. */
  readonly error?: string | undefined;
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
};
/** What XML 1.0 cannot hold at all, names from a trace can. */
const clean = (text: string) => text.replace(/[^\t\n\u0020-\ud7ff\ue000-\ufffd]/g, '\ufffd');
const escaped = (text: string) => clean(text).replace(/[&<>"\n]/g, (c) => ENTITIES[c] ?? c);

const attributes = (of: Record<string, string | number>) =>
  Object.entries(of)
    .map(([key, value]) => ` ${key}="${escaped(String(value))}"`)
    .join('');

/** What is normal for every VMM fails nobody's build. */
const fails = (c: JunitCase) => c.violations.filter((v) => v.severity !== 'info');
const notes = (c: JunitCase) => c.violations.filter((v) => v.severity === 'info');

const line = (v: Violation) =>
  `${v.severity} ${v.rule} (${v.reason}) ${v.device || 'host'} in ${v.state} at ${v.wall || v.at_ns}: ${v.statement}`;

function caseXml(c: JunitCase, profile: string): string {
  const inner = [
    ...(c.skipped === undefined ? [] : [`<skipped${attributes({ message: c.skipped })}/>`]),
    ...fails(c).map(
      (v) =>
        `<failure${attributes({ message: line(v), type: v.severity })}>${escaped(JSON.stringify(v.evidence))}</failure>`,
    ),
    ...(notes(c).length ? [`<system-out>${escaped(notes(c).map(line).join('\n'))}</system-out>`] : []),
  ];
  const head = `<testcase${attributes({ classname: `migwatch.${profile}`, name: c.rule, time: 0 })}`;
  return inner.length ? `    ${head}>${inner.join('')}</testcase>\n` : `    ${head}/>\n`;
}

function counts(suites: readonly JunitSuite[]) {
  const cases = suites.flatMap((s) => s.cases);
  const errors = suites.filter((s) => s.error !== undefined).length;
  return {
    tests: cases.length + errors,
    failures: cases.filter((c) => fails(c).length > 0).length,
    errors,
    skipped: cases.filter((c) => c.skipped !== undefined).length,
  };
}

function suiteXml(s: JunitSuite): string {
  const head = {
    name: s.name,
    ...counts([s]),
    time: s.seconds.toFixed(3),
    timestamp: s.began.replace(/\.\d+Z$/, ''),
    hostname: s.host || 'unknown',
  };
  const error =
    s.error === undefined
      ? ''
      : `    <testcase${attributes({ classname: `migwatch.${s.profile}`, name: 'assessable', time: 0 })}><error${attributes({ message: s.error, type: 'not-assessable' })}/></testcase>\n`;
  const cases = s.cases.map((c) => caseXml(c, s.profile)).join('');
  return `  <testsuite${attributes(head)}>\n${error}${cases}  </testsuite>\n`;
}

export function junitXml(suites: readonly JunitSuite[]): string {
  const head = attributes({ name: 'migwatch', ...counts(suites) });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${head}>\n${suites.map(suiteXml).join('')}</testsuites>\n`;
}
