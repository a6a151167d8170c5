// SPDX-License-Identifier: Apache-2.0
/** A part of a trace can be judged alone: what its preamble says is all that was known. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { violationJson } from '../../src/export/violation_json.js';
import { snapshot } from '../../src/model/snapshot.js';
import type { World } from '../../src/model/world.js';
import { encode } from '../../src/wire/events.gen.js';
import * as timelines from '../rules/timelines.js';
import { judgeBatches } from '../run.js';
import { scenario } from '../scenario.js';

/** Every field of everything, but for who watches. */
function plain(w: World): unknown {
  const { observer, contexts, ...known } = w;
  return structuredClone(
    JSON.parse(
      JSON.stringify(known, (_, v) => {
        if (v instanceof Map) return ['map', ...v];
        if (v instanceof Set) return ['set', ...v];
        return typeof v === 'bigint' ? `${v}n` : v;
      }),
    ),
  );
}

const texts = Object.entries({
  source: timelines.SOURCE_P2P,
  'destination and its end': timelines.DESTINATION + timelines.DESTINATION_END,
  'peers at the destination': timelines.DESTINATION_P2P,
  'mtty source': timelines.MTTY_SOURCE,
  'stop fails': timelines.STOP_FAILS,
  'load fails': timelines.LOAD_FAILS,
  'cancelled in the drain': timelines.CANCEL,
  'with losses': timelines.SOURCE.replace('2s       tick', '2s lost bulk 3\n  2s tick'),
});

for (const [name, text] of texts) {
  const records = scenario(text);

  test(`${name}: a new world that is told is the same, at any event`, () => {
    for (let n = 0; n <= records.length; n += 3) {
      const { judge } = judgeBatches(records.slice(0, n));
      const told = judgeBatches([snapshot(judge.world)]).judge;
      assert.deepEqual(plain(told.world), plain(judge.world), `after ${n} records`);
    }
  });

  test(`${name}: what follows is judged the same`, () => {
    for (let n = 1; n < records.length; n += 7) {
      const before = judgeBatches(records.slice(0, n));
      const whole = judgeBatches(records);
      const told = judgeBatches([snapshot(before.judge.world), ...records.slice(n)]);
      before.judge.finish(); // what was found and still waited for an explanation belongs to the part before
      const earlier = new Set(before.violations.map((v) => violationJson(v)));
      const later = whole.violations.map((v) => violationJson(v)).filter((line) => !earlier.has(line));
      // Alone it may say again what had been found before it: of that a snapshot knows nothing.
      const again = told.violations.map((v) => violationJson(v)).filter((line) => !later.includes(line));
      assert.deepEqual(
        told.violations.map((v) => violationJson(v)).filter((line) => later.includes(line)),
        later,
      );
      for (const line of again) {
        const { rule, device } = JSON.parse(line) as { rule: string; device: string };
        assert.ok(
          before.violations.some((v) => v.rule === rule && v.device === device),
          line,
        );
      }
    }
  });
}

const AT = 5_000_000_000_000n;
const tell = (text: string, length = text.length) => [
  encode('snapshot', { at: AT, now: AT, length }),
  encode('snap_text', { at: AT, offset: 0, text }),
];

test('whatever a snapshot says, the world keeps its shape', () => {
  const hostile = [
    '{}',
    '[]',
    'null',
    '1',
    '"x"',
    '{',
    '{"devices":5}',
    '{"devices":[[1,{"transition":{"arcs":7}}]]}',
    '{"devices":[[1,{"state":"x","context":"////","history":[1]}]]}',
    '{"wallOffset":"abc","lost":{}}',
    '{"wallOffset":7,"lost":["x"],"probes":[["a",null]]}',
    '{"__proto__":{"x":1},"constructor":1}',
    '{"devices":[[1,{"session":{"id":1}}]],"sessions":[[1,3]]}',
    '{"devices":[[null,{}],[{},{}],7]}',
  ];
  const after = scenario(
    '0 tick\n0 dev1 opened pci x container=1\n1s dev1 set STOP\n9s tick\n10s dev1 closed',
    { preamble: false },
  );
  for (const text of hostile) {
    const { judge } = judgeBatches([...tell(text), ...after]);
    assert.equal(judge.world.devices.size, 0, text);
    assert.ok(Array.isArray(judge.world.lost), text);
  }
});

test('a snapshot that lacks a piece changes nothing', () => {
  const known = scenario('0 tick\n0 dev1 opened pci x', { preamble: false });
  const { judge } = judgeBatches(known);
  const pieces = [
    encode('snapshot', { at: judge.world.base, length: 300 }),
    encode('snap_text', { offset: 119, text: '}' }),
  ];
  judge.feed(Buffer.concat(pieces));
  assert.equal(judge.world.devices.size, 1);
});

test('what was lost stays lost when somebody who lost nothing tells', () => {
  const { judge } = judgeBatches(scenario('0 tick\n0 dev1 opened pci x', { preamble: false }));
  const told = snapshot(judge.world);
  judge.feed(encode('lost', { at: AT + 5n, ring: 1, count: 3 }));
  judge.feed(told);
  assert.deepEqual(judge.world.lost, [0, 3]);
  assert.equal(judge.world.mayHaveLost(1, 0), true);
});
