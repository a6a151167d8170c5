// SPDX-License-Identifier: Apache-2.0
/** The lane of a device: the states it was in over the last minutes, and where rules were broken. */
import { keyed, setAttribute } from './dom.js';
import { now, relative } from './store.js';

const SVG = 'http://www.w3.org/2000/svg';
const HEIGHT = 10;
/** SVG's numbers are single floats in places: seconds since the lane's own beginning. */
const seconds = (ns, from) => ((ns - from) / 1e9).toFixed(3);

const shape = (name) => () => document.createElementNS(SVG, name);

export function makeLane() {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'lane');
  svg.setAttribute('role', 'img');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.append(document.createElementNS(SVG, 'g'), document.createElementNS(SVG, 'g'));
  return svg;
}

/** What of it is in the window. A visit of a moment still shows: its outline does not scale. */
function parts(d, from, until) {
  return d.lane
    .map(([at, state], i) => ({
      state,
      at: Math.max(at, from),
      end: Math.min(d.lane[i + 1]?.[0] ?? until, until),
    }))
    .filter(({ at, end, state }) => end >= at && end > from && state !== 'unknown')
    .map((part, i) => ({ ...part, key: String(i) }));
}

const spoken = (list) =>
  list.length === 0
    ? 'no state known'
    : list
        .slice(-8)
        .map((p) => p.state)
        .join(', then ');

/**
 * @param {number} span ns
 * @param {object[]} marks violations of this device
 */
export function updateLane(svg, d, span, marks) {
  const to = now();
  const from = to - span;
  const shown = parts(d, from, d.closed_at ?? to);
  setAttribute(svg, 'viewBox', `0 0 ${span / 1e9} ${HEIGHT}`);
  setAttribute(svg, 'aria-label', spoken(shown));
  const [states, broken] = svg.children;
  keyed(
    states,
    shown,
    (p) => p.key,
    shape('rect'),
    (rect, p) => {
      setAttribute(rect, 'x', seconds(p.at, from));
      setAttribute(rect, 'width', seconds(p.end - p.at, 0));
      setAttribute(rect, 'height', String(HEIGHT));
      setAttribute(rect, 'data-state', p.state);
    },
  );
  keyed(
    broken,
    marks.filter((v) => relative(v.at_ns) >= from),
    (v) => String(v.n),
    shape('line'),
    (line, v) => {
      const x = seconds(relative(v.at_ns), from);
      for (const [name, value] of [
        ['x1', x],
        ['x2', x],
        ['y1', '0'],
        ['y2', String(HEIGHT)],
        ['data-tone', v.severity],
      ])
        setAttribute(line, name, value);
    },
  );
}
