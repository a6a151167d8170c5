// SPDX-License-Identifier: Apache-2.0
/** What a device is, and interrupts that the user raises itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from '../../src/wire/events.gen.js';
import { judgeBatches, type Options, verdicts } from '../run.js';

const STRICT: Options = { profile: 'seed-strict' };
const mig = (text: string) => verdicts('mig-flags-invalid', text);
const quiescent = (text: string, options?: Options) => verdicts('no-quiescent-state', text, options);
const bus = (text: string, options?: Options) => verdicts('unsupported-bus-type', text, options);
const loopback = (text: string, options?: Options) =>
  verdicts('set-irqs-loopback-while-halted', text, options);

const NO_MIGRATION = '0 dev1 opened mdev vfio-pci flags=none';

test('flags: combinations that the uAPI has are kept, also of a device found open', () => {
  for (const flags of ['stop-copy', 'stop-copy,p2p', 'stop-copy,pre-copy', 'stop-copy,p2p,pre-copy'])
    for (const how of ['opened', 'found'])
      assert.deepEqual(mig(`0 dev1 ${how} pci x flags=${flags}`), ['kept']);
});

test('flags: without STOP_COPY, or with bits that have no meaning', () => {
  assert.deepEqual(mig('0 dev1 opened pci x flags=p2p'), ['no-stop-copy-dev1 warning']);
  const fields = { at: 1n, how: 1, hasMigOps: 1, name: 'dev1', driver: 'x', bus: 'pci' };
  const reasons = (flags: number) =>
    judgeBatches([encode('device', { ...fields, dev: 1, flags })]).violations.map(
      (v) => `${v.reason} ${v.severity}`,
    );
  assert.deepEqual(reasons(9), ['undefined-bits-dev1 warning', 'no-p2p-state-dev1 info']);
  assert.deepEqual(reasons(7), []);
});

test('flags: unknown where they could not be read; not judged without migration', () => {
  assert.deepEqual(mig('0 dev1 opened pci x flags=p2p miss=2'), ['unknown']);
  assert.deepEqual(mig(NO_MIGRATION), []);
});

test('quiescent: P2P is, lacking it is not, hisi is woken by a touch', () => {
  assert.deepEqual(quiescent('0 dev1 opened pci x'), ['kept']);
  for (const options of [{}, STRICT]) {
    assert.deepEqual(quiescent('0 dev1 opened pci x flags=stop-copy', options), ['no-p2p-state-dev1 info']);
    const hisi = '0 dev1 opened pci hisi-acc-vfio-pci';
    assert.deepEqual(quiescent(hisi, options), ['pause-exit-on-touch-dev1 info']);
  }
  assert.deepEqual(quiescent('0 dev1 opened pci x flags=stop-copy miss=2'), ['unknown']);
  assert.deepEqual(quiescent(NO_MIGRATION), []);
});

test('bus: PCI is observed, others are not', () => {
  assert.deepEqual(bus('0 dev1 opened pci x'), ['kept']);
  for (const options of [{}, STRICT])
    assert.deepEqual(bus('0 dev1 opened mdev mtty', options), ['mdev-dev1 info']);
  assert.deepEqual(bus('0 dev1 opened mdev mtty miss=2'), ['unknown']);
  assert.deepEqual(bus(NO_MIGRATION), []);
});

const OPENED = '0 dev1 opened pci mlx5_vfio_pci';
/** ACTION_TRIGGER with DATA_NONE, DATA_BOOL. */
const raise = (state: string, flags = '0x21') =>
  `${OPENED}\n1s dev1 set ${state}\n2s dev1 irqs MSIX flags=${flags}`;

test('loopback: info in every halted state, kept elsewhere', () => {
  for (const flags of ['0x21', '0x22'])
    for (const state of ['STOP', 'STOP_COPY', 'RESUMING'])
      for (const options of [{}, STRICT])
        assert.deepEqual(loopback(raise(state, flags), options), [`in-${state} info`]);
  for (const state of ['RUNNING_P2P', 'PRE_COPY']) assert.deepEqual(loopback(raise(state)), ['kept']);
});

test('loopback: eventfds, unmasking, a disable, ERR, a refused or unreadable call are none', () => {
  assert.deepEqual(loopback(raise('STOP', '0x24')), []);
  assert.deepEqual(loopback(raise('STOP', '0x11')), []);
  for (const what of [
    'MSIX flags=0x21 count=0',
    'ERR flags=0x21',
    'MSIX flags=0x21 miss=1',
    'MSIX flags=0x21 -> -EINVAL',
  ])
    assert.deepEqual(loopback(`${OPENED}\n1s dev1 set STOP\n2s dev1 irqs ${what}`), [], what);
});

test('loopback: unknown in a transition, out of step, in an unknown state', () => {
  assert.deepEqual(loopback(`${OPENED}\n1s dev1 set STOP {\n2s dev1 irqs MSIX flags=0x21`), ['unknown']);
  assert.deepEqual(loopback(`${raise('STOP')} late=1`), ['unknown']);
  assert.deepEqual(loopback('0 dev1 found pci x\n2s dev1 irqs MSIX flags=0x21'), ['unknown']);
});
