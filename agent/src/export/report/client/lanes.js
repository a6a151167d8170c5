// SPDX-License-Identifier: Apache-2.0
/** Lanes and their rows, with what is on them in time order and summed up, so that any zoom is drawn by look-ups. */

/** The first index whose value is above `t`. */
export function above(values, t) {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] > t) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Indices by the small number that `a * KEY + b` is, each list in the order of the table. */
function groups(a, b) {
  const keys = new Uint32Array(a.length);
  let most = 0;
  for (let n = 0; n < keys.length; n++) {
    keys[n] = a[n] * KEY + b[n];
    if (keys[n] > most) most = keys[n];
  }
  const sizes = new Uint32Array(most + 1);
  for (let n = 0; n < keys.length; n++) sizes[keys[n]]++;
  const lists = Array.from(sizes, (size) => new Uint32Array(size));
  sizes.fill(0);
  for (let n = 0; n < keys.length; n++) {
    const key = keys[n];
    lists[key][sizes[key]++] = n;
  }
  return [...lists.entries()].filter(([, list]) => list.length > 0);
}

// Loops, here and below: what from(), map() and forEach() take for a million marks is seconds.
function pick(column, list) {
  const out = new Float64Array(list.length);
  for (let n = 0; n < out.length; n++) out[n] = column[list[n]];
  return out;
}

function markRow({ at, value, text }, list) {
  const values = pick(value, list);
  const saved = new Float64Array(list.length + 1);
  const resumed = new Float64Array(list.length + 1);
  let most = 0;
  for (let n = 0; n < values.length; n++) {
    const v = values[n];
    saved[n + 1] = saved[n] + Math.max(0, v);
    resumed[n + 1] = resumed[n] + Math.max(0, -v);
    if (v > most) most = v;
  }
  return { at: pick(at, list), values, text: pick(text, list), saved, resumed, most };
}

/** Spans of one kind; only those of P2P mappings overlap. `reach` is how far any of them up to here lasts. */
function spanRow({ from, length, code, text }, list) {
  const order = list.slice().sort((a, b) => from[a] - from[b]);
  const begins = pick(from, order);
  const lengths = pick(length, order);
  const to = begins.map((t, n) => t + lengths[n]);
  let most = -1;
  return {
    from: begins,
    to,
    reach: to.map((t) => {
      most = Math.max(most, t);
      return most;
    }),
    code: pick(code, order),
    text: pick(text, order),
  };
}

const HEIGHTS = { state: 30, data: 22, mmio: 14, irq: 14, other: 14, dma: 22, p2p: 10, host: 14 };
const KEY = 16;

/** What is drawn, from what was packed; `findings` are {at, lane, ...} with the lane's name. */
export function build(data, findings) {
  const { rows, spanKinds, spans, marks } = data;
  const byLane = data.lanes.map(({ name, about }) => ({ name, about, rows: [], spans: {}, findings: [] }));
  for (const [key, list] of groups(marks.lane, marks.row)) {
    const name = rows[key % KEY];
    byLane[Math.floor(key / KEY)].rows.push({ name, height: HEIGHTS[name], ...markRow(marks, list) });
  }
  for (const [key, list] of groups(spans.lane, spans.kind))
    byLane[Math.floor(key / KEY)].spans[spanKinds[key % KEY]] = spanRow(spans, list);
  for (const f of findings) {
    let lane = byLane.find((l) => l.name === f.lane);
    if (!lane) {
      lane = { name: f.lane, about: '', rows: [], spans: {}, findings: [] };
      byLane.push(lane);
    }
    lane.findings.push(f);
  }
  for (const lane of byLane) {
    if (lane.spans.state || lane.findings.length) lane.rows.push({ name: 'state', height: HEIGHTS.state });
    if (lane.spans.p2p) lane.rows.push({ name: 'p2p', height: HEIGHTS.p2p });
    lane.rows.sort((a, b) => rows.indexOf(a.name) - rows.indexOf(b.name));
    lane.height =
      Math.max(
        34,
        lane.rows.reduce((sum, row) => sum + row.height, 0),
      ) + 8;
  }
  return { lanes: byLane, texts: data.texts, end: Math.max(1, data.end) };
}

/** Lanes that the words are about: their own name, or a finding's rule. */
export const matching = (lanes, word) =>
  lanes.filter(
    (l) =>
      `${l.name} ${l.about}`.toLowerCase().includes(word) || l.findings.some((f) => f.rule.includes(word)),
  );
