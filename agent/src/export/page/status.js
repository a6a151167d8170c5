// SPDX-License-Identifier: Apache-2.0
/** The numbers at the top, and how far they can be trusted. */
import { element, keyed, setAttribute, setText } from './dom.js';
import { store } from './store.js';

const at = (id) => document.getElementById(id);

function number(id, n) {
  const node = at(id);
  setText(node, n.toLocaleString('en'));
  setAttribute(node.parentElement, 'data-zero', String(n === 0));
}

const lostRecords = ({ rings }) => rings.reduce((sum, r) => sum + r.lost, 0);
const incomplete = ({ coverage }) => coverage.filter((c) => c.level !== 'complete').length;

const many = (n, what) => `${n.toLocaleString('en')} ${what}${n === 1 ? '' : 's'}`;

/** What every VMM does is told as an info: it shall not read like a breach. */
function observed(above, infos) {
  if (above > 0) return `${many(above + infos, 'violation')} observed`;
  return infos > 0 ? `${many(infos, 'info')} observed, nothing above` : 'No violation observed';
}

/** What the numbers mean, and how far they reach. */
function verdict(status) {
  const { violations: v, coverage } = status;
  const found = observed(v.critical + v.warning, v.info);
  const lost = lostRecords(status);
  const seen = `${coverage.length - incomplete(status)} of ${coverage.length} facts are completely observed`;
  return `${found}. ${seen}${lost ? `; ${lost.toLocaleString('en')} records were lost` : '; no record was lost'}.`;
}

export function showSummary() {
  const { status, devices } = store;
  const open = [...devices.values()].filter((d) => d.closed_at === undefined);
  setText(at('version'), status.version);
  setText(at('verdict'), status.ready ? verdict(status) : 'Nothing is judged yet.');
  setAttribute(
    at('verdict'),
    'data-tone',
    ['critical', 'warning'].find((s) => status.violations[s] > 0) ?? '',
  );
  number('sum-devices', open.length);
  number('sum-moving', open.filter((d) => d.episode && d.episode.side !== 'pause-only').length);
  for (const severity of ['critical', 'warning', 'info'])
    number(`sum-${severity}`, status.violations[severity]);
  number('sum-lost', lostRecords(status));
  at('why').hidden = status.ready;
  setText(at('why'), status.ready ? '' : `Not watching: ${status.why}`);
}

const cells = (n) => () => {
  const rest = Array.from({ length: n - 1 }, () => element('td'));
  return element('tr', {}, element('th', { scope: 'row' }), ...rest);
};

function showCoverage(coverage) {
  keyed(
    at('coverage'),
    coverage,
    (c) => c.fact,
    cells(3),
    (row, c) => {
      const [fact, level, why] = row.children;
      setText(fact, c.fact);
      setText(level, c.level);
      setAttribute(level, 'data-level', c.level);
      setText(why, c.why);
    },
  );
}

function showRings(rings) {
  keyed(
    at('rings'),
    rings,
    (r) => r.ring,
    cells(4),
    (row, r) => {
      const [ring, ...counts] = row.children;
      setText(ring, r.ring);
      [r.made, r.received, r.lost].forEach((n, i) => {
        setAttribute(counts[i], 'class', 'num');
        setText(counts[i], n.toLocaleString('en'));
      });
      setAttribute(counts[2], 'data-tone', r.lost > 0 ? 'critical' : '');
    },
  );
}

export function showSight() {
  const { status } = store;
  const blind = incomplete(status);
  setText(
    at('sight'),
    blind
      ? `${blind} of ${status.coverage.length} facts ${blind === 1 ? 'is' : 'are'} not completely observed: what is not seen cannot be judged.`
      : 'All facts are observed as far as the kernel shows them.',
  );
  showCoverage(status.coverage);
  showRings(status.rings);
}
