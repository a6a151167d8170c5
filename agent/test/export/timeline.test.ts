// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBytes } from '../../src/export/event_text.js';
import { formatEvent } from '../../src/export/timeline.js';
import { State } from '../../src/model/fsm.js';
import type { EventKind, RecordFields } from '../../src/wire/events.gen.js';
import { Host } from './fixture.js';

const host = new Host();
host.open(1, '0000:3b:00.2');

function line<K extends EventKind>(kind: K, fields: RecordFields[K]): string {
  return formatEvent(host.event(kind, { at: 12_345_678_900, ...fields }).event, host.world);
}

/** The line without its time, which is the same in all. */
const said = <K extends EventKind>(kind: K, fields: RecordFields[K]) =>
  line(kind, { dev: 1, ...fields }).slice(14);

test('a line has time, marker, device and what happened', () => {
  assert.equal(
    line('mig_set_ret', { dev: 1, requested: State.STOP_COPY, dataFd: 42, session: 3 }),
    '   12.345679  * 0000:3b:00.2  SET_STATE STOP_COPY ok (data_fd 42, session 3)',
  );
});

test('migration', () => {
  assert.equal(
    said('mig_set', { requested: State.STOP_COPY }),
    '  0000:3b:00.2  SET_STATE STOP_COPY requested',
  );
  assert.equal(
    said('mig_arc', { cur: State.PRE_COPY, next: State.PRE_COPY_P2P, requested: State.STOP_COPY, ret: 0 }),
    '  0000:3b:00.2  arc PRE_COPY → PRE_COPY_P2P',
  );
  assert.equal(
    said('mig_arc', { cur: State.STOP_COPY, requested: State.PRE_COPY, ret: -22 }),
    '! 0000:3b:00.2  arc STOP_COPY → PRE_COPY refused: EINVAL',
  );
  assert.equal(
    said('mig_set_ret', { requested: State.STOP, ret: -16 }),
    '! 0000:3b:00.2  SET_STATE STOP EBUSY',
  );
  assert.equal(said('mig_get', { state: 99 }), '  0000:3b:00.2  GET_STATE 99');
  assert.equal(
    said('data_read', { session: 3, count: 1048576, ret: 60 }),
    '  0000:3b:00.2  data read 60 of 1048576, session 3',
  );
  assert.equal(
    said('data_read', { session: 3, count: 9, ret: 0 }),
    '  0000:3b:00.2  data read 0 of 9 (end of stream), session 3',
  );
  assert.equal(
    said('data_read', { session: 3, count: 9, ret: -42 }),
    '! 0000:3b:00.2  data read ENOMSG for 9, session 3',
  );
  assert.equal(said('data_release', { session: 3 }), '  0000:3b:00.2  data_fd released, session 3');
});

test('the device', () => {
  assert.equal(
    said('set_irqs', { index: 1, start: 0, count: 1, flags: 0x24 }),
    '  0000:3b:00.2  SET_IRQS MSI start 0 count 1 (eventfd trigger)',
  );
  assert.equal(
    said('set_irqs', { index: 9, count: 1, ret: -22 }),
    '! 0000:3b:00.2  SET_IRQS 9 start 0 count 1: EINVAL',
  );
  assert.equal(
    said('region_write', { pos: (7n << 40n) + 4n, count: 2, ret: 2 }),
    '  0000:3b:00.2  region config write 2 at 0x4',
  );
  assert.equal(
    said('reset', { resetKind: 1, began: 12_344_178_900 }),
    '* 0000:3b:00.2  reset (ioctl) ok, took 1.500 ms',
  );
  assert.equal(said('reset', { resetKind: 3, ret: -25 }), '! 0000:3b:00.2  reset (function) ENOTTY');
  assert.equal(said('open', { openCount: 1 }), '* 0000:3b:00.2  opened, RUNNING');
  assert.equal(said('close', { last: 1 }), '  0000:3b:00.2  closed');
  assert.equal(said('close', { dev: 77, last: 1 }), '  device #77    closed');
});

test('memory and the host', () => {
  const mapped = { dev: 0, container: 5, iova: 0xfee00000n, size: 4096 };
  assert.equal(said('dma_map', mapped), '  container 5   map iova 0xfee00000 4.0 KiB');
  assert.equal(
    said('dma_unmap', { ...mapped, ret: -2 }),
    '! container 5   unmap iova 0xfee00000 4.0 KiB: ENOENT',
  );
  assert.equal(
    said('container', { dev: 0, container: 5, group: 7, attached: 1 }),
    '  container 5   group 7 joins',
  );
  assert.equal(said('dirty_log', { op: 1 }), '  0000:3b:00.2  dirty log start (device)');
  assert.equal(
    said('dirty_log', { dev: 0, container: 5, op: 3, iova: 0x1000n, size: 4096, ret: -95 }),
    '! container 5   dirty log report (container) iova 0x1000 4.0 KiB: EOPNOTSUPP',
  );
  assert.equal(said('lost', { dev: 0, ring: 1, count: 12 }), '! -             12 records lost in ring bulk');
  assert.equal(
    said('tick', { dev: 0, wall: 1_767_323_045_000_000_000n }),
    '  -             tick, wall clock 2026-01-02T03:04:05.000Z',
  );
  assert.equal(said('tick', { dev: 0, wall: 2n ** 64n - 1n }).includes('wall clock'), true);
  assert.equal(
    said('probe', { dev: 0, name: 'f', probeKind: 'fexit', status: 2 }),
    '  -             probe fexit f waiting for its module',
  );
  assert.equal(
    said('vm', { dev: 0, name: 'web', uuid: 'u', tgid: 9 }),
    '  -             vm web u is process 9',
  );
});

test('a name with a line break or an escape code stays harmless', () => {
  const evil = said('device', { name: 'a\nb', driver: '\u001b[31mred', bus: 'pci', comm: 'c' });
  assert.match(evil, /^ {2}a\ufffdb {10} known: \ufffd\[31mred on pci/);
});

test('sizes', () => {
  assert.deepEqual([0, 1023, 4096, 5 * 2 ** 30, 2 ** 64].map(formatBytes), [
    '0 B',
    '1023 B',
    '4.0 KiB',
    '5.0 GiB',
    '16.0 EiB',
  ]);
});
