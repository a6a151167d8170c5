// SPDX-License-Identifier: Apache-2.0
/** One violation in full: what the contract says, what was seen, what led to it, what to do. */
import { duration, element } from './dom.js';
import { when } from './when.js';

const TIMEOUT_MS = 5_000;

async function get(path) {
  const answer = await fetch(path, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (answer.status === 404) return undefined;
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

const empty = (value) => value === '' || value === undefined || value === null;

const fact = (name, value) =>
  empty(value) ? [] : [element('dt', {}, name), element('dd', {}, String(value))];
const facts = (pairs) =>
  element('dl', { class: 'facts' }, ...pairs.flatMap(([name, value]) => fact(name, value)));
const part = (title, ...children) => element('section', {}, element('h3', {}, title), ...children);

const inOneLine = (value) =>
  typeof value === 'object' && value !== null
    ? Object.entries(value)
        .map(([k, v]) => `${k} ${typeof v === 'object' ? JSON.stringify(v) : v}`)
        .join(', ')
    : String(value);

function listPart(title, list, text) {
  if (!list?.length) return [];
  return [part(title, element('ol', { class: 'log' }, ...list.map((item) => element('li', {}, text(item)))))];
}

const transition = (h) =>
  `${h.from} → ${h.requested}, landed in ${h.landed}${h.ret ? ` (${h.ret})` : ''} after ${duration(h.exit - h.enter)}`;

const record = ({ kind, ...rest }) => `${kind ?? 'record'}: ${inOneLine(rest)}`;

function whatWasSeen(v) {
  return [
    ['Reason', v.reason],
    ['Device', v.device && `${v.device} (${v.driver})`],
    ['VM', v.vm],
    ['State', `${v.state}, known by ${v.state_known_by}`],
    ['Peers', v.peers?.map((p) => `${p.device} in ${p.state}`).join(', ')],
    ['Episode', v.episode && `#${v.episode.id}, ${v.episode.side}`],
    ['Evidence', inOneLine(v.evidence)],
    ['Event', inOneLine(v.event)],
    ['Capture', v.capture],
    ['Confidence', `${v.confidence}; ${v.lost} records lost`],
    [
      'Not complete',
      Object.entries(v.coverage)
        .filter(([, l]) => l !== 'complete')
        .map(([f, l]) => `${f} (${l})`)
        .join(', '),
    ],
  ];
}

function body(v, rule) {
  return [
    element('p', { class: 'said' }, v.statement),
    part(
      'What the contract says',
      v.says ? element('blockquote', {}, v.says) : element('p', {}, v.basis),
      facts([
        ['Where', rule?.where],
        ['Whose duty', `${v.party} (${v.norm}${v.advisory ? ', advisory' : ''})`],
        ['How it is judged', rule?.decides],
        ['Harmless if', rule?.benign],
      ]),
      element('p', {}, element('a', { href: `rules/${v.rule}`, target: '_blank' }, 'The rule in full')),
    ),
    ...(rule?.action ? [part('What to do', element('p', {}, rule.action))] : []),
    part('What was seen', facts(whatWasSeen(v))),
    ...listPart('Transitions before it, oldest first', v.history, transition),
    ...listPart('Records before it, oldest first', v.context, record),
  ];
}

const dialog = () => document.getElementById('detail');
let asked = 0;

/** Opens at once with what the list knows, and fills in the rest. */
export async function showDetail(brief) {
  const mine = ++asked;
  const content = document.getElementById('detail-body');
  const head = element(
    'p',
    { class: 'head' },
    element('span', { class: 'severity', 'data-tone': brief.severity }, brief.severity),
    when(brief),
  );
  document.getElementById('detail-title').textContent = brief.rule;
  const fill = (...children) => mine === asked && content.replaceChildren(head, ...children);
  fill(element('p', { class: 'said' }, brief.statement));
  if (!dialog().open) dialog().showModal();
  try {
    const [v, rule] = await Promise.all([get(`api/violations/${brief.n}`), get(`api/rules/${brief.rule}`)]);
    if (v) fill(...body(v, rule));
    else
      fill(
        element('p', {}, brief.statement),
        element('p', { class: 'empty' }, 'The agent no longer keeps it: see its violations file.'),
      );
  } catch (error) {
    fill(
      element('p', {}, brief.statement),
      element('p', { class: 'empty' }, `The agent does not tell more: ${error.message}`),
    );
  }
}
