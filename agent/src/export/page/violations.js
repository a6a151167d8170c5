// SPDX-License-Identifier: Apache-2.0
/** The list of recent violations, newest first, each to be unfolded. */
import { element, keyed } from './dom.js';

const keyOf = (v) => `${v.rule} ${v.device} ${v.at_ns} ${v.reason}`;

/** Local time to the ms, or the host's uptime where the wall clock was not known yet. */
function when(v) {
  const at = new Date(v.wall);
  if (v.wall === '' || Number.isNaN(at.getTime())) {
    return element(
      'span',
      {},
      typeof v.at_ns === 'number' ? `uptime ${(v.at_ns / 1e9).toFixed(3)} s` : v.at_ns,
    );
  }
  const ms = String(at.getMilliseconds()).padStart(3, '0');
  const day = at.toLocaleDateString('sv-SE');
  return element(
    'time',
    { datetime: v.wall, title: v.wall },
    `${day} ${at.toLocaleTimeString('sv-SE')}.${ms}`,
  );
}

function fact(name, value) {
  if (value === '' || value === undefined || value === null) return [];
  return [element('dt', {}, name), element('dd', {}, String(value))];
}

const inOneLine = (data) =>
  Object.entries(data ?? {})
    .map(([k, value]) => `${k} ${typeof value === 'object' ? JSON.stringify(value) : value}`)
    .join(', ');

function details(v) {
  const episode = v.episode ? `#${v.episode.id}, ${v.episode.side}` : '';
  return element(
    'div',
    { class: 'details' },
    element('blockquote', {}, v.says),
    element(
      'dl',
      {},
      ...fact('Reason', v.reason),
      ...fact('State', `${v.state} (known by ${v.state_known_by})`),
      ...fact('VM', v.vm),
      ...fact('Driver', v.driver),
      ...fact('Episode', episode),
      ...fact('Whose duty', `${v.party} (${v.norm}${v.advisory ? ', advisory' : ''})`),
      ...fact('Confidence', `${v.confidence}, ${v.lost} records lost`),
      ...fact('Evidence', inOneLine(v.evidence)),
      ...fact('Event', inOneLine(v.event)),
    ),
  );
}

function make(v) {
  const line = element(
    'summary',
    {},
    element('span', { class: 'badge severity', 'data-tone': v.severity }, v.severity),
    element('code', {}, v.rule),
    element('span', { class: 'who' }, v.device || 'host'),
    when(v),
    element('span', { class: 'statement' }, v.statement),
  );
  const box = element('details', {}, line);
  // Most are never opened: their details are made when they are.
  box.addEventListener('toggle', () => box.children.length === 1 && box.append(details(v)), { once: true });
  return element('li', {}, box);
}

let newest;

/** Says aloud what is new; not what was there when the page was opened. */
function announce(list) {
  const first = list[0] ? keyOf(list[0]) : '';
  if (newest !== undefined && first !== '' && first !== newest) {
    const [{ severity, rule, device }] = list;
    document.getElementById('announce').textContent =
      `New ${severity} violation: ${rule}, ${device || 'host'}`;
  }
  newest = first;
}

export function showViolations(list) {
  announce(list);
  document.getElementById('no-violations').hidden = list.length > 0;
  keyed(document.getElementById('violations'), list, keyOf, make);
}
