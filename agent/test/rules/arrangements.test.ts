// SPDX-License-Identifier: Apache-2.0
/** What the user arranges around the device: interrupts, DMA mappings. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Options, verdicts } from '../run.js';
import { REACHED } from './cases/case.js';

const STRICT: Options = { profile: 'seed-strict' };
/** VFIO_IRQ_SET_ACTION_TRIGGER with DATA_NONE, DATA_BOOL, DATA_EVENTFD; ACTION_UNMASK with DATA_NONE. */
const [NONE, BOOL, EVENTFD, UNMASK] = ['flags=0x21', 'flags=0x22', 'flags=0x24', 'flags=0x11'];

const resuming = (text: string, options?: Options) => verdicts('set-irqs-in-resuming', text, options);
const stopCopy = (text: string, options?: Options) => verdicts('set-irqs-in-stop-copy', text, options);
const dma = (text: string, options?: Options) => verdicts('dma-map-change-in-stop-copy', text, options);

const irqs = (state: string, what = 'MSIX count=4') => `
  0     dev1 opened pci mlx5_vfio_pci
  1ms   dev1 set ${state}
  2ms   dev1 irqs ${what}`;

test('SET_IRQS in RESUMING: info in uapi, warning in seed-strict', () => {
  assert.deepEqual(resuming(irqs('RESUMING')), ['in-RESUMING info']);
  assert.deepEqual(resuming(irqs('RESUMING'), STRICT), ['in-RESUMING warning']);
  for (const what of ['INTX', 'MSI', `MSIX count=0 ${NONE}`, `INTX ${UNMASK}`, `MSIX ${EVENTFD}`])
    assert.deepEqual(resuming(irqs('RESUMING', what)), ['in-RESUMING info'], what);
});

test('SET_IRQS in STOP_COPY: warning in both profiles, advisory in uapi', () => {
  assert.deepEqual(stopCopy(irqs('STOP_COPY')), ['in-STOP_COPY warning']);
  assert.deepEqual(stopCopy(irqs('STOP_COPY'), STRICT), ['in-STOP_COPY warning']);
});

test('SET_IRQS elsewhere is kept: the window that the thread asked for is STOP', () => {
  for (const state of ['STOP', 'RUNNING_P2P', 'PRE_COPY']) {
    assert.deepEqual(resuming(irqs(state)), ['kept'], state);
    assert.deepEqual(stopCopy(irqs(state)), ['kept'], state);
  }
  assert.deepEqual(stopCopy(irqs('RESUMING')), ['kept']);
  assert.deepEqual(resuming(irqs('STOP_COPY')), ['kept']);
});

test('SET_IRQS that arranges nothing is not judged: ERR, REQ, loopback, refused, unreadable', () => {
  for (const what of ['ERR', 'REQ', `MSIX ${NONE}`, `MSIX ${BOOL}`, 'MSIX -> -EINVAL', 'MSIX miss=1']) {
    assert.deepEqual(resuming(irqs('RESUMING', what)), [], what);
    assert.deepEqual(stopCopy(irqs('STOP_COPY', what)), [], what);
  }
});

test('SET_IRQS: unknown where the state is', () => {
  const late = '0 dev1 found pci mlx5_vfio_pci\n1ms dev1 irqs MSIX';
  const inside = `
    0    dev1 opened pci mlx5_vfio_pci
    1ms  dev1 set STOP_COPY
    2ms  dev1 set STOP {
    3ms  dev1 irqs MSIX tid=9
    4ms  dev1 }`;
  for (const rule of [resuming, stopCopy])
    for (const text of [late, inside, irqs('RESUMING', 'MSIX late=1')])
      assert.deepEqual(rule(text), ['unknown']);
});

const COPYING = `
  0    dev1 opened pci virtio_vfio_pci container=1
  1ms  container1 track start
  2ms  dev1 set STOP_COPY`;

test('mapping in STOP_COPY is info, unmapping what was not reported a warning', () => {
  assert.deepEqual(dma(`${COPYING}\n5ms container1 map 0x1000 0x2000`), ['map info']);
  assert.deepEqual(dma(`${COPYING}\n5ms container1 unmap 0x1000 0x2000`), ['unmap warning']);
});

test('unmapping is info after a report, with a dirty bitmap, without tracking, with the device tracking', () => {
  const reported = `${COPYING}\n3ms container1 track report\n5ms container1 unmap 0x1000 0x2000`;
  assert.deepEqual(dma(reported), ['unmap info']);
  assert.deepEqual(dma(`${COPYING}\n5ms container1 unmap 0x1000 0x2000 flags=1`), ['unmap info']);
  const untracked = COPYING.replace('container1 track start', 'tick');
  assert.deepEqual(dma(`${untracked}\n5ms container1 unmap 0x1000 0x2000`), ['unmap info']);
  const device = COPYING.replace('container1 track start', 'dev1 log start');
  assert.deepEqual(dma(`${device}\n5ms container1 unmap 0x1000 0x2000`), ['unmap info']);
});

test('the report counts from the halt, not from STOP_COPY: STOP may lie between', () => {
  const byStop = (report: string) => `
    0    dev1 opened pci virtio_vfio_pci flags=stop-copy,p2p container=1
    1ms  container1 track start
    2ms  ${report}
    3ms  dev1 set STOP
    4ms  ${report}
    5ms  dev1 set STOP_COPY
    6ms  container1 unmap 0x1000 0x2000`;
  assert.deepEqual(dma(byStop('container1 track report')), ['unmap info']);
  assert.deepEqual(dma(byStop('container1 track report').replace(/4ms.*\n/, '\n')), ['unmap warning']);
});

test('mappings that are no change, or come after the end of the stream, are not judged', () => {
  for (const what of [
    'unmap 0x1000 0x2000 flags=4',
    'map 0x1000 0x2000 flags=4',
    'map 0x1000 0x2000 -> -EFAULT',
  ])
    assert.deepEqual(dma(`${COPYING}\n5ms container1 ${what}`), [], what);
  const drained = `${COPYING}
    3ms dev1 data read 60
    4ms dev1 data read 0
    5ms container1 unmap 0x1000 0x2000`;
  assert.deepEqual(dma(drained), []);
});

test('mappings outside STOP_COPY are kept, for each device of the container', () => {
  const text = `
    0    dev1 opened pci mlx5_vfio_pci container=1
    0    dev2 opened pci mlx5_vfio_pci container=1
    0    dev3 opened pci mlx5_vfio_pci container=2
    1ms  container1 map 0x1000 0x2000
    2ms  dev1 set RESUMING
    3ms  container1 map 0x1000 0x2000
    4ms  dev1 set STOP_COPY
    5ms  container1 map 0x3000 0x2000`;
  assert.deepEqual(dma(text), ['kept', 'kept', 'kept', 'kept', 'kept', 'map info']);
});

test('a device that joins a container is judged by its mappings, one that left is not', () => {
  const text = `
    0    dev1 opened pci mlx5_vfio_pci group=5
    1ms  container7 join 5
    2ms  dev1 set STOP_COPY
    3ms  container7 map 0x1000 0x2000
    4ms  container7 leave 5
    5ms  container7 map 0x3000 0x2000`;
  assert.deepEqual(dma(text), ['map info']);
});

test('mappings: unknown state, transition, or state records that may be missing', () => {
  const map = 'container1 map 0x1000 0x2000';
  assert.deepEqual(dma(`0 dev1 found pci mlx5_vfio_pci container=1\n1ms ${map}`), ['unknown']);
  assert.deepEqual(dma(`${COPYING}\n3ms dev1 set STOP {\n4ms ${map}\n5ms dev1 }`), ['unknown']);
  assert.deepEqual(dma(`${COPYING}\n3ms lost crit 1\n4ms ${map}`), ['unknown']);
  assert.deepEqual(dma(`${COPYING}\n3ms lost bulk 1\n4ms ${map}`), ['map info']);
});

test('an open P2P window is critical as long as what it lets in may go to the other host', () => {
  const saving = `${REACHED}\n1s dev1 set STOP_COPY`;
  const answers = (text: string) =>
    new Set(verdicts('p2p-window-open', `${saving}\n${text}`).filter((a) => a.includes(' ')));
  assert.deepEqual(
    answers('1001ms dev1 set STOP\n2s tick'),
    new Set(['from-dev2 critical']),
    'dev2 never stopped',
  );
  assert.deepEqual(
    answers('1001ms dev2 set STOP\n1002ms dev2 set RUNNING\n2s tick'),
    new Set(['from-dev2 critical']),
    'dev1 is still being saved',
  );
});
