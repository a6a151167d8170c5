// SPDX-License-Identifier: Apache-2.0
/** Draws rows: at any zoom each pixel column costs a look-up, however many events it stands for. */
import { above } from './lanes.js';

/** Room for an mdev's UUID. */
export const GUTTER = 270;
export const AXIS = 24;
const FONT = '12px system-ui, "DejaVu Sans", sans-serif';
const SMALL = '11px system-ui, "DejaVu Sans", sans-serif';
/** Below so many pixels a span has no room for its name. */
const PER_LETTER = 7;

/** Spans [from, to) of a row as pixels, those of one pixel column as one; calls `each(n, x, width)`. */
function eachSpan(spans, view, each) {
  const { x, t0, t1 } = view;
  let n = above(spans.reach, t0);
  while (n < spans.from.length && spans.from[n] <= t1) {
    const left = Math.max(GUTTER, x(spans.from[n]));
    const right = Math.min(view.width, x(spans.to[n]));
    if (spans.to[n] >= t0) each(n, left, Math.max(1, right - left));
    // Of those that begin and end in one pixel the first stands for all; the last may be longer.
    n = right - left < 1 ? Math.max(n + 1, above(spans.from, view.t(left + 1)) - 1) : n + 1;
  }
}

function fit(ctx, text, x, y, width) {
  if (width < PER_LETTER * 3) return;
  const room = Math.floor((width - 8) / PER_LETTER);
  ctx.fillText(text.length <= room ? text : `${text.slice(0, Math.max(1, room - 1))}…`, x + 4, y);
}

function drawStates(ctx, lane, y, height, view, colors, texts) {
  const { state, set, arc } = lane.spans;
  ctx.font = FONT;
  if (state)
    eachSpan(state, view, (n, x, width) => {
      const color = colors.states[state.code[n]];
      ctx.fillStyle = color.back;
      ctx.fillRect(x, y + 8, width, height - 8);
      ctx.fillStyle = color.text;
      fit(ctx, texts[state.text[n]], x, y + 20, width);
    });
  if (set)
    eachSpan(set, view, (n, x, width) => {
      ctx.fillStyle = set.code[n] ? colors.red : colors.dim;
      ctx.fillRect(x, y + height - 7, Math.max(1.5, width), 7);
    });
  if (arc)
    eachSpan(arc, view, (n, x, width) => {
      ctx.fillStyle = colors.states[arc.code[n]].back;
      ctx.fillRect(x, y + height - 5, width, 5);
    });
}

/** Per pixel column `value(first, last)` of the marks in it, scaled to the largest; `paint(x, part, n)`. */
function eachColumn(row, view, value, paint) {
  const first = above(row.at, view.t0 - 1e-9);
  const values = [];
  let from = first;
  let most = 0;
  for (let x = GUTTER; x < view.width && from < row.at.length; x++) {
    const to = above(row.at, view.t(x + 1));
    if (to > from) {
      const v = value(from, to);
      values.push([x, v]);
      most = Math.max(most, v);
      from = to;
    }
  }
  for (const [x, v] of values) if (v > 0) paint(x, v / most);
}

function drawData(ctx, row, y, view, colors) {
  const half = row.height - 4;
  for (const [sums, color] of [
    [row.saved, colors.blue],
    [row.resumed, colors.violet],
  ]) {
    ctx.fillStyle = color;
    eachColumn(
      row,
      view,
      (a, b) => sums[b] - sums[a],
      (x, part) => {
        const h = Math.max(1.5, part * half);
        ctx.fillRect(x, y + row.height - 1 - h, 1.5, h);
      },
    );
  }
}

function drawMapped(ctx, row, y, view, colors) {
  ctx.fillStyle = colors.green;
  ctx.globalAlpha = 0.35;
  for (let x = GUTTER; x < view.width; x += 2) {
    const n = above(row.at, view.t(x + 1)) - 1;
    if (n < 0 || !row.most) continue;
    const h = (row.values[n] / row.most) * (row.height - 4);
    ctx.fillRect(x, y + row.height - 1 - h, 2, h);
  }
  ctx.globalAlpha = 1;
  eachColumn(
    row,
    view,
    () => 1,
    (x) => ctx.fillRect(x, y + row.height - 3, 1, 2),
  );
}

const TONES = { mmio: 'amber', irq: 'violet', other: 'dim', host: 'red' };

/** Many in one place are taller: the logarithm of how many. */
function drawMarks(ctx, row, y, view, colors) {
  ctx.fillStyle = colors[TONES[row.name]];
  eachColumn(
    row,
    view,
    (a, b) => 1 + Math.log10(b - a),
    (x, part) => {
      const h = Math.max(3, part * (row.height - 4));
      ctx.fillRect(x, y + row.height - 1 - h, 1.5, h);
    },
  );
}

function drawPins(ctx, lane, y, height, view, colors, selected) {
  for (const f of lane.findings) {
    const x = view.x(f.at);
    if (x < GUTTER - 6 || x > view.width + 6) continue;
    ctx.fillStyle = colors.severity[f.severity];
    ctx.beginPath();
    const size = f === selected ? 8 : 5.5;
    ctx.moveTo(x - size, y);
    ctx.lineTo(x + size, y);
    ctx.lineTo(x, y + size * 1.7);
    ctx.fill();
    ctx.fillRect(x - 0.5, y, f === selected ? 2 : 1, height);
  }
}

/** A round step of the axis: 1, 2 or 5 times a power of ten. */
export function step(length, places) {
  const rough = length / places;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((f) => f * power).find((s) => s >= rough) ?? power * 10;
}

function drawAxis(ctx, view, colors) {
  ctx.fillStyle = colors.card;
  ctx.fillRect(0, 0, view.width, AXIS);
  ctx.fillStyle = colors.dim;
  ctx.font = SMALL;
  const each = step(view.t1 - view.t0, (view.width - GUTTER) / 110);
  const digits = Math.max(0, Math.min(9, -Math.floor(Math.log10(each / 1e9))));
  for (let t = Math.ceil(view.t0 / each) * each; t <= view.t1; t += each) {
    const x = view.x(t);
    const label = `${(t / 1e9).toFixed(digits)} s`;
    if (x + 3 + ctx.measureText(label).width < view.width) ctx.fillText(label, x + 3, 15);
    ctx.fillRect(x, 6, 1, AXIS - 6);
  }
}

function drawLabel(ctx, lane, y, colors) {
  ctx.fillStyle = colors.card;
  ctx.fillRect(0, y, GUTTER, lane.height);
  ctx.fillStyle = colors.text;
  ctx.font = `600 ${SMALL}`;
  ctx.fillText(lane.name, 8, y + 17, GUTTER - 14);
  ctx.fillStyle = colors.dim;
  ctx.font = SMALL;
  ctx.fillText(lane.about, 8, y + 32, GUTTER / 2);
}

const NAMES = {
  data: 'data',
  mmio: 'MMIO',
  irq: 'IRQ',
  other: 'reset, dirty',
  dma: 'mapped',
  p2p: 'P2P',
  host: 'lost',
};

/** The lanes from `view.top` pixels on, on a canvas of view.width and height. */
export function draw(ctx, picture, view, colors, selected) {
  ctx.fillStyle = colors.card;
  ctx.fillRect(0, 0, view.width, view.height);
  let y = AXIS - view.top;
  for (const lane of picture.lanes) {
    if (y > view.height) break;
    if (y + lane.height >= AXIS) drawLane(ctx, lane, y, picture.texts, view, colors, selected);
    y += lane.height;
  }
  drawAxis(ctx, view, colors);
}

function drawLane(ctx, lane, top, texts, view, colors, selected) {
  let y = top + 4;
  for (const row of lane.rows) {
    if (row.name === 'state') drawStates(ctx, lane, y, row.height, view, colors, texts);
    else if (row.name === 'data') drawData(ctx, row, y, view, colors);
    else if (row.name === 'dma') drawMapped(ctx, row, y, view, colors);
    else if (row.name === 'p2p')
      eachSpan(lane.spans.p2p, view, (_n, x, width) => {
        ctx.fillStyle = colors.violet;
        ctx.fillRect(x, y + 3, width, row.height - 5);
      });
    else drawMarks(ctx, row, y, view, colors);
    y += row.height;
  }
  drawLabel(ctx, lane, top, colors);
  y = top + 4;
  ctx.font = SMALL;
  ctx.fillStyle = colors.dim;
  ctx.textAlign = 'right';
  for (const row of lane.rows) {
    if (row.name !== 'state') ctx.fillText(NAMES[row.name], GUTTER - 6, y + row.height / 2 + 4);
    y += row.height;
  }
  ctx.textAlign = 'left';
  drawPins(ctx, lane, top + 4, lane.height - 8, view, colors, selected);
  ctx.fillStyle = colors.line;
  ctx.fillRect(0, top + lane.height - 1, view.width, 1);
}
