// SPDX-License-Identifier: Apache-2.0
/** Correct VMMs raise no finding above info in profile uapi, whatever becomes of the migration. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findings, judged } from '../run.js';
import * as timelines from './timelines.js';

const { SOURCE, SOURCE_END, DESTINATION, DESTINATION_END } = timelines;

/** Findings above info are a false alarm here, except those named. */
function quiet(name: string, text: string, infos: readonly string[], alarms: readonly string[] = []): void {
  test(name, () => {
    const found = findings(text);
    const isInfo = (finding: string) => finding.endsWith(' info');
    assert.deepEqual(
      found.filter((f) => !isInfo(f)),
      alarms,
    );
    assert.deepEqual(found.filter(isInfo), infos);
  });
}

const RESTORED = [
  'config-write-while-halted in-RESUMING-COMMAND info',
  'set-irqs-in-resuming in-RESUMING info',
];

/** Under libvirt (-S) the fd is closed in RESUMING, which is left at `cont`. */
const CLOSED_IN_RESUMING = 'data-fd-closed-early in-RESUMING info';
const RESTORED_BY_LIBVIRT = [...RESTORED, CLOSED_IN_RESUMING];
/** QEMU never stops the log of a migration that succeeds: it exits. */
const notStopped = 'dirty-not-stopped closed info';

const rollback = 'stop-copy-not-drained rollback info';

quiet('a QEMU source', SOURCE + SOURCE_END, [notStopped, notStopped]);
quiet('a QEMU source whose host is cut off after the drain', `${SOURCE}\n4s dev1 closed exit=1`, [
  'close-mid-migration in-STOP_COPY info',
  notStopped,
]);
quiet('a QEMU destination under libvirt', DESTINATION + DESTINATION_END, RESTORED_BY_LIBVIRT);
// mtty is an mdev, of which only the bus-generic paths are observed.
quiet('mtty source in the lab', timelines.MTTY_SOURCE, [
  'unsupported-bus-type mdev-src1 info',
  'precopy-eos-encoding zero_in_precopy info',
]);
quiet('mtty destination in the lab', timelines.MTTY_DESTINATION, [
  'unsupported-bus-type mdev-dst1 info',
  ...RESTORED,
]);
quiet('cancelled in the drain', timelines.CANCEL, [rollback, rollback]);
// With the guest paused QEMU sets RUNNING device by device, without the quiet pass.
quiet('cancelled in the drain, guest paused', timelines.CANCEL_PAUSED, [
  rollback,
  'p2p-release-order rollback info',
  rollback,
]);
const cancel = 'data-fd-closed-early cancel info';
quiet('cancelled in PRE_COPY', timelines.CANCEL_PRE_COPY, [cancel, cancel]);
quiet(
  'a stop arc that fails: the failure itself, and its recovery',
  timelines.STOP_FAILS,
  ['reset-during-migration recovery info', rollback],
  ['fsm-transition-failed failed warning'],
);
quiet('an incoming QEMU that fails', timelines.INCOMING_FAILS, [
  ...RESTORED_BY_LIBVIRT,
  'close-mid-migration in-RESUMING info',
]);
quiet('virsh suspend and resume', timelines.PAUSE, []);
quiet('paused in pre-copy, then resumed', timelines.PAUSE_PRE_COPY, [rollback, rollback]);
// The guest is stopped for the whole copy: nothing need be tracked.
quiet('Cloud Hypervisor snapshot', timelines.CH_SNAPSHOT, ['dirty-tracking-absent absent info']);
quiet('Cloud Hypervisor restore', timelines.CH_RESTORE, RESTORED);

test('a load that the driver rejects is blamed on nobody else', () => {
  const found = findings(timelines.LOAD_FAILS).filter((f) => !f.startsWith('resume-load-rejected'));
  assert.deepEqual(found, [...RESTORED_BY_LIBVIRT, 'reset-during-migration recovery info']);
});

test('seed-strict is expected to fire on every stock destination', () => {
  const found = findings(DESTINATION + DESTINATION_END, { profile: 'seed-strict' });
  assert.deepEqual(found, [...RESTORED.map((f) => f.replace('info', 'warning')), CLOSED_IN_RESUMING]);
});

test('on a clean source every rule that could judge says kept, none unknown', () => {
  const { engine } = judged(SOURCE + SOURCE_END).judge;
  const answers = [...engine.tallies].filter(([, t]) => t.unknown + t.broken > 0).map(([id]) => id);
  // This source does not ask for PRECOPY_INFO, and exits with the log on (info).
  assert.deepEqual(answers, ['precopy-left-early', 'dirty-not-stopped']);
  for (const id of [
    'stop-copy-not-drained',
    'data-fd-wrong-state',
    'blackout-budget-exceeded',
    'fsm-arc-rejected',
  ])
    assert.ok((engine.tallies.get(id)?.kept ?? 0) >= 2, id);
});
