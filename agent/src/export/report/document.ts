// SPDX-License-Identifier: Apache-2.0
/** The one file of `migwatch report`: what is known in words, as HTML; what is drawn, as data; and the code that draws. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { deflateSync } from 'node:zlib';
import type { FactCoverage } from '../../model/coverage.js';
import type { Violation } from '../../rules/finding.js';
import type { Tally } from '../../rules/tally.js';
import { paletteCss } from '../palette.js';
import { findingHtml } from './finding_html.js';
import { escaped, type Html, html, join } from './html.js';

export interface ReportFacts {
  readonly title: string;
  /** What was concluded, in one line: `no violation observed`, `2 violations observed`, ... */
  readonly verdict: string;
  /** 1 violations, 3 not assessable, 0 neither; as `replay` exits. */
  readonly outcome: 0 | 1 | 3;
  readonly env: Readonly<Record<string, string>>;
  /** Begin and end as ISO 8601, and how long that is, ns. */
  readonly begin: string;
  readonly end: string;
  readonly length: number;
  readonly events: number;
  readonly judgedBy: string;
  readonly lost: readonly (readonly [ring: string, records: number])[];
  readonly damages: readonly string[];
  readonly coverage: readonly FactCoverage[];
  readonly tallies: Iterable<readonly [rule: string, tally: Tally]>;
  /** CLOCK_MONOTONIC of the first record, ns. */
  readonly base: bigint;
  readonly findings: readonly { readonly violation: Violation; readonly count: number }[];
  /** Findings that are not among these: there were too many. */
  readonly more: number;
}

const asset = (name: string) =>
  readFileSync(fileURLToPath(new URL(`./report-page/${name}`, import.meta.url)), 'utf8');
const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

const row = (name: string, value: string | Html): Html => html`<div><dt>${name}</dt><dd>${value}</dd></div>`;

function summary(f: ReportFacts): Html {
  const counts = ['critical', 'warning', 'info'].map(
    (severity) => [severity, f.findings.filter((x) => x.violation.severity === severity).length] as const,
  );
  const lost = f.lost.reduce((sum, [, n]) => sum + n, 0);
  const worst = counts.find(([, n]) => n > 0)?.[0] ?? 'none';
  const tone = f.outcome === 3 ? 'warning' : worst;
  const facts = f.coverage.filter((c) => c.level === 'complete').length;
  return html`<p class="verdict" data-tone="${tone}">${f.verdict}</p>
<p class="coverage">Observed: ${facts} of ${f.coverage.length} facts completely; ${lost === 0 ? 'no record was lost' : `${lost} records were lost`}. What was not observed is not judged.</p>
<dl class="summary">
${join(counts.map(([severity, n]) => html`<div data-tone="${n ? severity : 'none'}"><dt>${severity}</dt><dd>${n}</dd></div>`))}
<div data-tone="${lost ? 'warning' : 'none'}"><dt>records lost</dt><dd>${lost}</dd></div>
<div data-tone="none"><dt>events</dt><dd>${f.events.toLocaleString('en')}</dd></div>
<div data-tone="none"><dt>length</dt><dd>${(f.length / 1e9).toFixed(3)} s</dd></div>
</dl>
<dl class="facts">
${row('Host', f.env.host ?? 'unknown')}${row('Kernel', f.env.kernel ?? 'unknown')}
${row('Agent', f.env.agent_version ?? 'unknown')}${row('Judged by', f.judgedBy)}
${row('From', f.begin || 'unknown')}${row('To', f.end || 'unknown')}
${row('Trace', f.title)}${row('Boot', f.env.boot_id ?? 'unknown')}
</dl>
${join(f.damages.map((d) => html`<p class="note">Damaged: ${d}</p>`))}`;
}

function coverageTable(f: ReportFacts): Html {
  const rows = f.coverage.map(
    (c) =>
      html`<tr><th scope="row">${c.fact}</th><td data-level="${c.level}">${c.level}</td><td>${c.why}</td></tr>`,
  );
  return html`<table><thead><tr><th>Fact</th><th>Observed</th><th>Why not more</th></tr></thead><tbody>${join(rows)}</tbody></table>`;
}

function rulesTable(f: ReportFacts): Html {
  const asked = [...f.tallies].filter(([, t]) => t.kept + t.broken + t.unknown > 0);
  const rows = asked.map(
    ([rule, t]) =>
      html`<tr><th scope="row">${rule}</th><td>${t.kept}</td><td data-tone="${t.broken ? 'critical' : 'none'}">${t.broken}</td><td data-tone="${t.unknown ? 'warning' : 'none'}">${t.unknown}</td></tr>`,
  );
  const silent = [...f.tallies].length - asked.length;
  return html`<table><thead><tr><th>Rule</th><th>kept</th><th>broken</th><th>unknown</th></tr></thead><tbody>${join(rows)}</tbody></table>
<p class="dim">${silent} more rules were active; nothing happened that bears on them.</p>`;
}

/** `drawn` is what Collector.finish() gave. */
export function reportHtml(f: ReportFacts, drawn: Uint8Array): string {
  const styles = paletteCss() + asset('theme.css') + asset('report.css');
  const script = asset('report.js');
  // What the page loads from elsewhere: nothing. What runs in it: this script, by its hash.
  const policy = `default-src 'none'; script-src ${hash(script)}; style-src ${hash(styles)}; img-src data:; base-uri 'none'; form-action 'none'`;
  const findings = f.findings.map((one, n) => findingHtml(one.violation, one.count, n, f.base));
  const parts: Record<string, string> = {
    POLICY: escaped(policy),
    TITLE: escaped(f.title),
    STYLES: styles,
    SCRIPT: script,
    SUMMARY: summary(f).text,
    FINDINGS: findings.length ? join(findings).text : '<p class="dim">None.</p>',
    MORE: f.more ? `<p class="note">${f.more} more findings: \`migwatch replay\` prints them all.</p>` : '',
    COVERAGE: coverageTable(f).text,
    RULES: rulesTable(f).text,
    DATA: deflateSync(drawn, { level: 9 }).toString('base64'),
  };
  return asset('report.html').replace(
    /(?:\/\*)?@@([A-Z]+)@@(?:\*\/)?/g,
    (_, name: string) => parts[name] ?? '',
  );
}
