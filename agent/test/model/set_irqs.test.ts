// SPDX-License-Identifier: Apache-2.0
/** When a destination arranges its interrupts: what the authors of the uAPI could not agree on, counted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { of } from './recorder.js';

const LOADED = `0 dev1 opened pci mlx5_vfio_pci
  1s dev1 irqs MSIX
  2s dev1 set RESUMING
  3s dev1 data write 60`;
const windows = (text: string) => of('irqs', `${LOADED}\n${text}`);

test('by state, while the device is restored', () => {
  assert.deepEqual(windows('4s dev1 irqs MSI\n4s dev1 irqs MSIX'), ['resuming', 'resuming']);
  assert.deepEqual(windows('4s dev1 set STOP\n5s dev1 irqs MSIX'), ['stop']);
  assert.deepEqual(windows('4s dev1 set RUNNING_P2P\n5s dev1 irqs MSIX'), ['p2p']);
});

test('after RUNNING: of a device that had no vectors, and of no other', () => {
  const late =
    '4s dev1 irqs MSIX count=0 flags=0x21\n5s dev1 set RUNNING\n6s dev1 irqs MSIX\n7s dev1 irqs MSIX';
  assert.deepEqual(windows(late), ['resuming', 'after-running']);
  assert.deepEqual(windows('5s dev1 set RUNNING\n6s dev1 irqs MSIX'), []);
});

test('not inside a transition, not ERR or REQ, no loopback, no refusal, not a source', () => {
  assert.deepEqual(windows('4s dev1 set STOP {\n5s dev1 irqs MSIX tid=9\n6s dev1 }'), []);
  assert.deepEqual(windows('4s dev1 irqs ERR\n4s dev1 irqs REQ'), []);
  assert.deepEqual(windows('4s dev1 irqs MSIX flags=0x22\n4s dev1 irqs MSIX -> -EINVAL'), []);
  assert.deepEqual(of('irqs', '0 dev1 opened pci x\n1s dev1 set STOP_COPY\n2s dev1 irqs MSIX'), []);
});
