// SPDX-License-Identifier: Apache-2.0
/** What is under the pointer, in words. */
import { AXIS } from './draw.js';
import { above } from './lanes.js';

/** Pixels to either side that still count. */
const NEAR = 4;
const time = (ns) => `${(ns / 1e9).toFixed(6)} s`;
const took = (ns) => (ns < 1e6 ? `${(ns / 1e3).toFixed(1)} µs` : `${(ns / 1e6).toFixed(3)} ms`);

function spanAt(spans, view, x, texts) {
  if (!spans) return undefined;
  const since = view.t(x - 1);
  let n = above(spans.from, view.t(x + 1)) - 1;
  while (n >= 0 && spans.to[n] < since && spans.reach[n] >= since) n--;
  if (n < 0 || spans.to[n] < since) return undefined;
  return `${texts[spans.text[n]]}, ${took(spans.to[n] - spans.from[n])}, from ${time(spans.from[n])}`;
}

function marksAt(row, view, x, texts) {
  const from = above(row.at, view.t(x - NEAR));
  const to = above(row.at, view.t(x + NEAR));
  if (from === to) return undefined;
  const said = [...new Set(row.text.subarray(from, Math.min(to, from + 4)))].map((n) => texts[n]);
  return `${time(row.at[from])}: ${said.join('\n')}${to - from > 1 ? `\n(${to - from} events here)` : ''}`;
}

/** The finding whose pin is at this place, or undefined. */
function pinAt(lane, view, x) {
  return lane.findings.find((f) => Math.abs(view.x(f.at) - x) <= NEAR + 3);
}

/** Of what stands below each other from `top` on: the one at `y`, and where it begins. */
function under(list, y, top) {
  for (const one of list) {
    if (y < top + one.height) return [one, top];
    top += one.height;
  }
  return [];
}

export function at(picture, view, x, y) {
  const [lane, top] = under(picture.lanes, y, AXIS - view.top);
  if (!lane || y < AXIS) return {};
  const finding = pinAt(lane, view, x);
  const [row] = under(lane.rows, y, top + 4);
  if (!row) return { lane, finding };
  const { state, set, arc, p2p } = lane.spans;
  const lines =
    row.name === 'state'
      ? [
          spanAt(state, view, x, picture.texts),
          spanAt(set, view, x, picture.texts),
          spanAt(arc, view, x, picture.texts),
        ]
      : [row.name === 'p2p' ? spanAt(p2p, view, x, picture.texts) : marksAt(row, view, x, picture.texts)];
  if (finding) lines.unshift(`${finding.severity} ${finding.rule} at ${time(finding.at)}`);
  return { lane, finding, text: lines.filter(Boolean).join('\n') };
}
