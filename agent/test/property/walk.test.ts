// SPDX-License-Identifier: Apache-2.0
/** Whatever a correct VMM does with its devices, in whatever order: no finding above info in profile uapi. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { STATE_NAMES } from '../../src/model/fsm.js';
import { judged } from '../run.js';
import { FEATURES } from './flags.js';
import { LIMITS, RUN } from './settings.js';
import { Walk } from './walk.js';

const walks = fc.record({
  flags: fc.constantFrom(...FEATURES),
  count: fc.integer({ min: 1, max: 3 }),
  choices: fc.array(fc.nat(1 << 20), { maxLength: 150, size: 'max' }),
});

test('legal walks of the state machine raise no alarm', () => {
  const visited = new Set<string>();
  fc.assert(
    fc.property(walks, ({ flags, count, choices }) => {
      const walk = new Walk(flags, count, choices);
      walk.run();
      walk.end();
      for (const line of walk.lines) visited.add(line.split(' ')[3] ?? '');
      const { violations, judge } = judged(walk.text, { limits: LIMITS });
      const alarms = violations.filter((v) => v.severity !== 'info').map((v) => `${v.rule} ${v.reason}`);
      assert.deepEqual(alarms, [], `\n${walk.text}`);
      assert.equal(judge.undecodable, 0);
    }),
    RUN,
  );
  // The walks went everywhere, or they have shown nothing.
  assert.deepEqual(
    STATE_NAMES.filter((name) => !visited.has(name)),
    ['ERROR'],
  );
});
