// SPDX-License-Identifier: Apache-2.0
/** Correct VMMs once more, with a tick every second: no deadline of a rule is a false alarm. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findings } from '../run.js';
import { duration } from '../scenario_words.js';
import * as timelines from './timelines.js';

const SECOND = 1_000_000_000n;

/** The same with a tick at every second between its lines, and for a while after. */
function ticking(text: string, after = 120n): string {
  const lines = text.split('\n').filter((line) => line.replace(/#.*/, '').trim());
  const out: string[] = [];
  let next = SECOND;
  const until = (end: bigint) => {
    for (; next <= end; next += SECOND) out.push(`${next}ns tick`);
  };
  for (const line of lines) {
    const at = duration(line.trim().split(/\s+/)[0] ?? '');
    until(at - SECOND / 2n);
    out.push(line);
    if (next <= at) next = (at / SECOND + 1n) * SECOND;
  }
  const last = next;
  until(last + after * SECOND);
  return out.join('\n');
}

const { SOURCE, SOURCE_END, DESTINATION, DESTINATION_END, SOURCE_P2P, DESTINATION_P2P } = timelines;

const STOCK: Record<string, string> = {
  source: SOURCE + SOURCE_END,
  'source with BARs': SOURCE_P2P,
  destination: DESTINATION + DESTINATION_END,
  'destination with BARs': DESTINATION_P2P,
  'mtty source': timelines.MTTY_SOURCE,
  'mtty destination': timelines.MTTY_DESTINATION,
  'cancelled in the drain': timelines.CANCEL,
  'cancelled, guest paused': timelines.CANCEL_PAUSED,
  'cancelled in PRE_COPY': timelines.CANCEL_PRE_COPY,
  'incoming that fails': timelines.INCOMING_FAILS,
  'suspend and resume': timelines.PAUSE,
  'paused in PRE_COPY': timelines.PAUSE_PRE_COPY,
  'Cloud Hypervisor snapshot': timelines.CH_SNAPSHOT,
  'Cloud Hypervisor restore': timelines.CH_RESTORE,
};

for (const [name, text] of Object.entries(STOCK))
  test(`nothing above info, tick by tick: ${name}`, () => {
    const alarms = findings(ticking(text)).filter((f) => !f.endsWith(' info'));
    assert.deepEqual(alarms, []);
  });

test('tick by tick, a stop arc that fails is that failure alone', () => {
  // As the guest runs on, QEMU stops the log, of the device that was reset too.
  const text = timelines.STOP_FAILS.replace('  6s ', '  5s dev1 log stop\n  5s dev2 log stop\n  6s ');
  const alarms = findings(ticking(text)).filter((f) => !f.endsWith(' info'));
  assert.deepEqual(alarms, ['fsm-transition-failed failed warning']);
});

test('a guest that is paused in pre-copy for an hour leaves its devices parked', () => {
  const parked = findings(ticking(timelines.PAUSE_PRE_COPY)).filter((f) => f.startsWith('state-dwell'));
  assert.deepEqual(parked, Array(2).fill('state-dwell-exceeded idle-in-STOP_COPY info'));
});
