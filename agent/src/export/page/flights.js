// SPDX-License-Identifier: Apache-2.0
/** Migrations in flight: one line for each VM and side, and what its devices are at. */
import { bytes, duration, element, keyed, setAttribute, setText } from './dom.js';
import { now, store } from './store.js';

const SIDES = { source: 'leaves this host', destination: 'comes to this host', 'pause-only': 'paused' };
const HALTED = new Set(['STOP', 'STOP_COPY', 'RESUMING']);

/** What the user of several devices is doing, by where most is still to be done. */
function phase(side, devices) {
  const any = (...states) => devices.some((d) => states.includes(d.state));
  if (any('ERROR')) return 'failed: a device is in ERROR';
  if (side === 'destination') return any('RESUMING') ? 'loading state' : 'starting';
  if (side === 'pause-only') return 'stopped';
  if (any('STOP_COPY')) return 'copying the rest, stopped';
  if (any('PRE_COPY', 'PRE_COPY_P2P')) return 'pre-copy, running';
  return any('STOP') ? 'stopped' : 'quiescing';
}

function flights() {
  const made = new Map();
  for (const d of store.devices.values()) {
    if (!d.episode || d.closed_at !== undefined) continue;
    const key = `${d.vm || d.name} ${d.episode.side}`;
    if (!made.has(key)) made.set(key, { key, vm: d.vm, side: d.episode.side, devices: [] });
    made.get(key).devices.push(d);
  }
  return [...made.values()].sort((a, b) => a.key.localeCompare(b.key, 'en', { numeric: true }));
}

const FIELDS = ['vm-name', 'phase', 'bytes', 'elapsed', 'stopped', 'states'];
const make = () => element('li', {}, ...FIELDS.map((name) => element('span', { class: name })));

function update(row, { vm, side, devices }) {
  const [name, what, moved, elapsed, stopped, states] = row.children;
  setText(name, `${vm || devices[0].name} ${SIDES[side]}`);
  setText(what, phase(side, devices));
  const sum = (key) => devices.reduce((n, d) => n + d[key], 0);
  setText(
    moved,
    side === 'pause-only'
      ? ''
      : side === 'source'
        ? `${bytes(sum('bytes_saved'))} saved`
        : `${bytes(sum('bytes_resumed'))} loaded`,
  );
  const since = Math.min(...devices.map((d) => d.episodeAt));
  setText(elapsed, `for ${duration(Math.max(0, now() - since))}`);
  const halted = devices.filter((d) => d.stoppedAt >= 0).map((d) => d.stoppedAt);
  setText(stopped, halted.length ? `stopped for ${duration(Math.max(0, now() - Math.min(...halted)))}` : '');
  const counts = new Map();
  for (const d of devices) counts.set(d.state, (counts.get(d.state) ?? 0) + 1);
  setText(
    states,
    [...counts].map(([state, n]) => `${n} ${n === 1 ? 'device' : 'devices'} ${state}`).join(', '),
  );
  setAttribute(row, 'data-halted', String(devices.some((d) => HALTED.has(d.state))));
}

export function showFlights() {
  const list = flights();
  document.getElementById('no-flights').hidden = list.length > 0;
  document.getElementById('flights').hidden = list.length === 0;
  keyed(document.getElementById('flights'), list, (f) => f.key, make, update);
}
