// SPDX-License-Identifier: Apache-2.0
/** Asks the agent once a second and shows what it says. */
import { showDevices } from './devices.js';
import { element, keyed, setAttribute, setText } from './dom.js';
import { showViolations } from './violations.js';

const EVERY_MS = 1000;
const TIMEOUT_MS = 5000;
const SHOWN = 50;

const at = (id) => document.getElementById(id);

async function get(path) {
  const answer = await fetch(path, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

function link(state, text) {
  setText(at('link'), text);
  setAttribute(at('link'), 'data-link', state);
  setAttribute(document.body, 'data-link', state);
}

function number(id, n) {
  const node = at(id);
  setText(node, n.toLocaleString('en'));
  setAttribute(node.parentElement, 'data-zero', String(n === 0));
}

function showSummary(status, devices) {
  setText(at('version'), status.version);
  number('sum-devices', status.devices);
  number('sum-moving', devices.filter((d) => d.transition).length);
  for (const severity of ['critical', 'warning', 'info'])
    number(`sum-${severity}`, status.violations[severity]);
  number(
    'sum-lost',
    status.rings.reduce((sum, r) => sum + r.lost, 0),
  );
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

async function poll() {
  try {
    const [status, devices, violations] = await Promise.all([
      get('api/status'),
      get('api/devices'),
      get(`api/violations?limit=${SHOWN}`),
    ]);
    link(status.ready ? 'up' : 'wait', status.ready ? 'watching' : 'not ready');
    showSummary(status, devices);
    showDevices(devices);
    showViolations(violations);
    showCoverage(status.coverage);
    showRings(status.rings);
  } catch {
    link('down', 'not connected');
  }
  // Not an interval: a slow answer must not pile up requests.
  setTimeout(poll, EVERY_MS);
}

poll();
