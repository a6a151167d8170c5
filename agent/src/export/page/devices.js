// SPDX-License-Identifier: Apache-2.0
/** The devices, one row group for each VM. */
import { bytes, duration, element, keyed, setAttribute, setText } from './dom.js';

/** As in the head of the table in index.html. */
const COLUMNS = ['name', 'state', 'moving', 'episode', 'saved', 'resumed', 'broken'];
const NUMBERS = new Set(['saved', 'resumed']);

const byName = (a, b) => a.name.localeCompare(b.name, 'en', { numeric: true });

/** VMs by name; devices of no known VM come last. */
function groups(devices) {
  const vms = new Map();
  for (const d of [...devices].sort(byName)) {
    if (!vms.has(d.vm)) vms.set(d.vm, []);
    vms.get(d.vm).push(d);
  }
  return [...vms]
    .map(([vm, members]) => ({ vm, members }))
    .sort((a, b) => (a.vm === '') - (b.vm === '') || a.vm.localeCompare(b.vm, 'en', { numeric: true }));
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
  cells[0].setAttribute('scope', 'row');
  cells[0].append(element('span'), element('small'));
  cells[1].append(element('span', { class: 'badge' }), element('small'));
  cells[2].append(element('span'), element('small'));
  return element('tr', {}, ...cells);
}

function supports(d) {
  return `${d.driver}: ${d.migration.join(', ') || 'no migration'}`;
}

function violations({ violations: v }) {
  const named = ['critical', 'warning', 'info'].filter((s) => v[s] > 0).map((s) => `${v[s]} ${s}`);
  return named.join(', ') || 'none';
}

function updateDevice(row, d) {
  const [name, state, moving, episode, saved, resumed, broken] = row.children;
  setText(name.firstElementChild, d.name);
  setText(name.lastElementChild, supports(d));
  setText(state.firstElementChild, d.state);
  setAttribute(state.firstElementChild, 'data-state', d.state);
  setAttribute(state.firstElementChild, 'title', `known by: ${d.known_by}`);
  setText(state.lastElementChild, d.known_by === 'unknown' ? '' : `for ${duration(d.since_ns)}`);
  const t = d.transition;
  setText(moving.firstElementChild, t ? `${t.from} → ${t.requested}` : '');
  setText(moving.lastElementChild, t ? `for ${duration(t.since_ns)}` : '');
  setAttribute(row, 'data-moving', String(t !== null));
  setText(episode, d.episode ? `${d.episode.side} #${d.episode.id}` : '');
  setText(saved, bytes(d.bytes_saved));
  setText(resumed, bytes(d.bytes_resumed));
  setText(broken, violations(d));
  setAttribute(broken, 'data-tone', ['critical', 'warning'].find((s) => d.violations[s] > 0) ?? '');
}

export function showDevices(devices) {
  const none = devices.length === 0;
  document.getElementById('no-devices').hidden = !none;
  document.getElementById('device-table').hidden = none;
  keyed(
    document.getElementById('vms'),
    groups(devices),
    ({ vm }) => vm,
    makeVm,
    (group, { members }) => keyed(group, members, (d) => d.name, makeDevice, updateDevice),
  );
}
