// SPDX-License-Identifier: Apache-2.0
/** The devices, one row group for each VM. */
import { bytes, duration, element, keyed, setAttribute, setText } from './dom.js';

/** As in the head of the table in index.html. */
const COLUMNS = [
  'Device',
  'Driver',
  'State',
  'For',
  'Transition',
  'Migration',
  'Saved',
  'Resumed',
  'Violations',
];
const NUMBERS = new Set(['For', 'Saved', 'Resumed']);

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
    name === 'Device'
      ? element('th', { scope: 'row' })
      : element('td', NUMBERS.has(name) ? { class: 'num' } : {}),
  );
  cells[2].append(element('span', { class: 'state' }));
  cells[4].className = 'moving';
  cells[8].className = 'broken';
  return element('tr', {}, ...cells);
}

function transition(d) {
  const t = d.transition;
  if (!t) return '';
  return `${t.from} → ${t.requested}, ${duration(t.since_ns)}`;
}

function migration(d) {
  if (d.migration.length === 0) return 'not migratable';
  const side = d.episode ? `${d.episode.side} #${d.episode.id}, ` : '';
  return `${side}${d.migration.join(', ')}`;
}

function violations({ violations: v }) {
  const named = ['critical', 'warning', 'info'].filter((s) => v[s] > 0).map((s) => `${v[s]} ${s}`);
  return named.join(', ') || 'none';
}

function updateDevice(row, d) {
  const [name, driver, state, since, moving, migr, saved, resumed, broken] = row.children;
  setText(name, d.name);
  setText(driver, d.driver);
  setText(state.firstElementChild, d.state);
  setAttribute(state.firstElementChild, 'data-state', d.state);
  setAttribute(state.firstElementChild, 'title', `known by: ${d.known_by}`);
  setText(since, d.known_by === 'unknown' ? '' : duration(d.since_ns));
  setText(moving, transition(d));
  setAttribute(row, 'data-moving', String(d.transition !== null));
  setText(migr, migration(d));
  setText(saved, bytes(d.bytes_saved));
  setText(resumed, bytes(d.bytes_resumed));
  setText(broken, violations(d));
  const worst = ['critical', 'warning'].find((s) => d.violations[s] > 0) ?? '';
  setAttribute(broken, 'data-tone', worst);
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
