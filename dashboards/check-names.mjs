// SPDX-License-Identifier: Apache-2.0
/**
 * Do dashboards, alerts, their tests and the runbooks speak of the same things?
 *
 * In: what is committed below dashboards/. Out: problems on stderr and exit 1, and
 * the panels' queries as a Prometheus rule file (the argument), for promtool to
 * parse. It knows names and labels, not PromQL: it reads text with patterns.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

const at = (path) => new URL(path, import.meta.url);
const text = (path) => readFileSync(at(path), 'utf8');
const list = (folder, suffix) =>
  readdirSync(at(folder))
    .filter((name) => name.endsWith(suffix))
    .sort();
const all = (string, pattern) => [...string.matchAll(pattern)].map((match) => match[1]);
const words = (string) => string.split(/[\s,]+/).filter(Boolean);

const problems = [];
const expect = (holds, where, what) => holds || problems.push(`${where}: ${what}`);

/** The agent's own table, as built: what it does not export cannot be queried. */
const { METRIC_LIST } = await import('../build/agent/src/export/metric_table.js');
const METRICS = Object.fromEntries(METRIC_LIST.map((m) => [m.name, m]));
/** What the recording rules add, with the labels that they keep. */
const RECORDED = Object.fromEntries(
  [...text('prometheus/migwatch.rules.yml').matchAll(/- record: (\S+)\n\s+expr: (.*)/g)].map(
    ([, name, expr]) => [name, words(/\bby \(([^)]*)\)/.exec(expr)?.[1] ?? '')],
  ),
);
/** Added by Prometheus itself or by the histogram format. */
const ALWAYS = ['instance', 'job', 'le'];
const HEADINGS = ['Meaning', 'Impact', 'Diagnosis', 'Mitigation'];

/** A metric of the agent's, or a recorded one (level:metric:operation), with its matchers. */
const SERIES = /(?<![\w:])((?:\w+:)?migwatch_[a-z0-9_]+(?::\w+)?)(?:\{([^}]*)\})?/g;

/** The metric a series belongs to: only a histogram has suffixes. */
function metricOf(series) {
  const base = series.replace(/_(bucket|sum|count)$/, '');
  return METRICS[base]?.type === 'histogram' && base !== series ? METRICS[base] : METRICS[series];
}

/** Every series in a text exists, and so does every label it is selected or grouped by. */
function checkSeries(where, string) {
  const known = new Set(ALWAYS);
  for (const [, series, braces = ''] of string.matchAll(SERIES)) {
    const labels = series.includes(':') ? RECORDED[series] : metricOf(series)?.labels;
    if (!labels) {
      problems.push(`${where}: ${series} is neither in the agent's metric table nor recorded`);
      continue;
    }
    for (const label of labels) known.add(label);
    for (const label of all(braces, /(\w+)\s*(?:=~|!~|!=|=)/g)) {
      expect([...ALWAYS, ...labels].includes(label), where, `${series} has no label ${label}`);
    }
  }
  for (const label of all(string, /\bby \(([^)]*)\)/g).flatMap(words)) {
    expect(known.has(label), where, `grouped by ${label}, which none of its series carries`);
  }
}

/** A label that the query groups away would leave its place in the legend empty. */
function checkLegend(where, { expr, legendFormat }) {
  const groups = all(expr, /\bby \(([^)]*)\)/g);
  const kept = new Set([...ALWAYS, ...groups.flatMap(words)]);
  for (const label of all(legendFormat, /\{\{\s*(\w+)\s*\}\}/g)) {
    expect(kept.has(label) && label !== 'le', where, `the legend shows ${label}, which the query drops`);
  }
}

function checkPanel(where, panel, alerts) {
  expect(panel.description, where, 'no description of what good looks like');
  expect(panel.fieldConfig?.defaults?.unit, where, 'no unit');
  for (const target of panel.targets ?? []) {
    checkSeries(where, target.expr);
    checkLegend(where, target);
  }
  for (const { url } of panel.links ?? []) {
    const alert = url.split('/').at(-1);
    expect(alerts.includes(alert), where, `links to the runbook of ${alert}, which is no alert`);
  }
}

/** Returns the queries as rules; a panel's variables stand for values that only Grafana knows. */
function checkDashboard(file, alerts) {
  const board = JSON.parse(text(`grafana/${file}`));
  const ids = board.panels.map(({ id }) => id);
  expect(new Set(ids).size === ids.length, file, 'two panels share an id');
  expect(board.uid, file, 'no uid: a bookmark would not survive the next import');
  for (const { name, query } of board.templating.list) {
    checkSeries(`${file}, variable ${name}`, query);
    expect(JSON.stringify(board).includes(`$${name}`), file, `variable ${name} is used nowhere`);
  }

  const panels = board.panels.filter(({ type }) => type !== 'row');
  for (const panel of panels) checkPanel(`${file}, panel "${panel.title}"`, panel, alerts);
  return panels.flatMap(({ id, targets = [] }) =>
    targets.map(({ refId, expr }) => ({
      record: `panel:${id}:${refId}`,
      expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$__range', '6h'),
    })),
  );
}

function checkAlert(alert, rules, tests) {
  expect(rules.includes(`/runbooks/${alert}\n`), alert, 'no runbook_url that ends in its name');
  const cases = tests
    .split(/(?=alertname: )/)
    .filter((part) => /^alertname: (\w+)/.exec(part)?.[1] === alert);
  const fires = cases.filter((part) => /^.*\n\s*exp_alerts:/.test(part));
  expect(fires.length > 0, alert, 'no test in which it fires');
  expect(fires.length < cases.length, alert, 'no test in which it stays silent');

  const page = `runbooks/${alert}.md`;
  if (!existsSync(at(page))) return problems.push(`${alert}: no ${page}`);
  const found = all(text(page), /^## (.*)$/gm);
  return expect(found.join() === HEADINGS.join(), page, `its headings should be ${HEADINGS.join(', ')}`);
}

const rules = text('prometheus/migwatch.rules.yml');
const tests = text('prometheus/migwatch.test.yml');
const alerts = all(rules, /- alert: (\w+)/g);

checkSeries('migwatch.rules.yml', rules);
checkSeries('migwatch.test.yml', tests);
for (const alert of alerts) checkAlert(alert, rules, tests);
for (const page of list('runbooks', '.md')) {
  checkSeries(page, text(`runbooks/${page}`));
  expect(alerts.includes(page.slice(0, -3)), page, 'is a runbook of no alert');
}
const queries = list('grafana', '.json').flatMap((file) => checkDashboard(file, alerts));

const [out] = process.argv.slice(2);
// JSON is YAML.
if (out) writeFileSync(out, JSON.stringify({ groups: [{ name: 'panels', rules: queries }] }, null, 2));
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exitCode = problems.length > 0 ? 1 : 0;
