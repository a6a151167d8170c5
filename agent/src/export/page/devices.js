// SPDX-License-Identifier: Apache-2.0
/** The devices, one row group for each VM. */
import { bytes, duration, element, keyed, setAttribute, setText } from './dom.js';
import { makeLane, updateLane } from './lanes.js';
import { now, rank, store } from './store.js';

/** As in the head of the table in index.html. */
const COLUMNS = ['name', 'landed', 'history', 'moving', 'saved', 'loaded', 'broken'];
const NUMBERS = new Set(['saved', 'loaded']);
/** In the order of a migration. */
const STATES = [
  'RUNNING',
  'RUNNING_P2P',
  'PRE_COPY',
  'PRE_COPY_P2P',
  'STOP',
  'STOP_COPY',
  'RESUMING',
  'ERROR',
];

const at = (id) => document.getElementById(id);
const natural = (a, b) => a.localeCompare(b, 'en', { numeric: true });

function wanted() {
  const words = at('find').value.toLowerCase().split(/\s+/).filter(Boolean);
  const attention = at('attention').checked;
  return (d) => {
    if (attention && !d.episode && d.violations.critical + d.violations.warning === 0) return false;
    const text = `${d.name} ${d.vm} ${d.driver} ${d.state}`.toLowerCase();
    return words.every((word) => text.includes(word));
  };
}

/** VMs by name; devices of no known VM come last. */
function groups(devices) {
  const vms = new Map();
  for (const d of devices.sort((a, b) => natural(a.name, b.name) || a.id - b.id)) {
    if (!vms.has(d.vm)) vms.set(d.vm, []);
    vms.get(d.vm).push(d);
  }
  return [...vms]
    .map(([vm, members]) => ({ vm, members }))
    .sort((a, b) => (a.vm === '') - (b.vm === '') || natural(a.vm, b.vm));
}

function makeVm({ vm }) {
  const title = element(
    'th',
    { scope: 'rowgroup', colspan: String(COLUMNS.length), class: 'vm' },
    vm || 'No VM known',
  );
  return element('tbody', {}, element('tr', {}, title));
}

function makeDevice() {
  const cells = COLUMNS.map((name) =>
    element(name === 'name' ? 'th' : 'td', { class: NUMBERS.has(name) ? `num ${name}` : name }),
  );
  const [name, state, history, moving] = cells;
  name.setAttribute('scope', 'row');
  name.append(element('span'), element('small'));
  state.append(element('span', { class: 'state' }), element('small'));
  history.append(makeLane());
  moving.append(element('span'), element('small'));
  return element('tr', {}, ...cells);
}

const supports = (d) => `${d.driver}: ${d.migration.join(', ') || 'no migration'}`;

function violations({ violations: v }) {
  const named = ['critical', 'warning', 'info'].filter((s) => v[s] > 0).map((s) => `${v[s]} ${s}`);
  return named.join(', ') || 'none';
}

const ago = (ns) => duration(Math.max(0, now() - ns));

/** A transition between two states if there is one, else what the device is in the middle of. */
function underWay(d) {
  const t = d.transition;
  if (t) return [`${t.from} → ${t.requested}`, `for ${ago(d.movingAt)}`];
  return d.episode ? [d.episode.side, `for ${ago(d.episodeAt)}`] : ['', ''];
}

function updateDevice(row, d, span, marks) {
  const [name, state, history, moving, saved, loaded, broken] = row.children;
  const closed = d.closed_at !== undefined;
  setText(name.firstElementChild, d.name);
  setText(name.lastElementChild, supports(d));
  setText(state.firstElementChild, closed ? 'closed' : d.state);
  setAttribute(state.firstElementChild, 'data-state', closed ? '' : d.state);
  setAttribute(state.firstElementChild, 'title', closed ? '' : `known by: ${d.known_by}`);
  const known = !closed && d.known_by !== 'unknown';
  setText(state.lastElementChild, closed ? `${ago(d.closed_at)} ago` : known ? `for ${ago(d.since)}` : '');
  updateLane(history.firstElementChild, d, span, marks);
  const [what, since] = closed ? ['', ''] : underWay(d);
  setText(moving.firstElementChild, what);
  setText(moving.lastElementChild, since);
  setAttribute(row, 'data-moving', String(!closed && d.transition !== null));
  setAttribute(row, 'data-closed', String(closed));
  setText(saved, d.bytes_saved ? bytes(d.bytes_saved) : '');
  setText(loaded, d.bytes_resumed ? bytes(d.bytes_resumed) : '');
  setText(broken, violations(d));
  setAttribute(broken, 'data-tone', ['critical', 'warning'].find((s) => d.violations[s] > 0) ?? '');
}

function marksByDevice() {
  const marks = new Map();
  // The worst last: it is drawn over the others.
  for (const v of [...store.violations].sort((a, b) => rank(b) - rank(a))) {
    if (!marks.has(v.device)) marks.set(v.device, []);
    marks.get(v.device).push(v);
  }
  return marks;
}

export function showDevices() {
  const all = [...store.devices.values()];
  const shown = all.filter(wanted());
  const minutes = Number(at('window').value) / 60;
  const marks = marksByDevice();
  const none = at('no-devices');
  none.hidden = shown.length > 0;
  if (all.length > 0) setText(none, `None of ${all.length} devices is like this.`);
  else setText(none, 'No VFIO device is open on this host. Devices appear here when a VMM opens them.');
  at('device-table').hidden = shown.length === 0;
  at('legend').hidden = shown.length === 0;
  setText(at('lane-from'), `last ${minutes} min`);
  keyed(
    at('vms'),
    groups(shown),
    ({ vm }) => vm,
    makeVm,
    (group, { members }) =>
      keyed(
        group,
        members,
        (d) => String(d.id),
        makeDevice,
        (row, d) => updateDevice(row, d, minutes * 60e9, marks.get(d.name) ?? []),
      ),
  );
}

export function showLegend() {
  const entry = (state) => element('li', { class: 'state', 'data-state': state }, state);
  at('legend').append(...STATES.map(entry), element('li', { class: 'state mark' }, 'violation'));
}
