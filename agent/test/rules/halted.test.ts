// SPDX-License-Identifier: Apache-2.0
/** Around a halted device: its guest, its attachment, its interrupts at the start, resets of others, host errors. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verdicts } from '../run.js';

const OPENED = '0 dev1 opened pci mlx5_vfio_pci container=1';
const MAPPED = `${OPENED}\n1ms dev1 mmap bar0+0 0x1000`;
const FOUND = '0 dev1 found pci mlx5_vfio_pci container=1';

const vcpu = (text: string) => verdicts('vcpu-entry-while-halted', text);

test('vcpu-entry: a guest that runs while its device is halted or quiet', () => {
  assert.deepEqual(vcpu(`${MAPPED}\n1s dev1 set STOP_COPY\n2s dev1 vcpu 0 tid=7`), [
    'entry-in-STOP_COPY critical',
  ]);
  assert.deepEqual(vcpu(`${OPENED}\n1s dev1 set RESUMING\n2s dev1 vcpu 0 tid=7`), [
    'entry-in-RESUMING critical',
  ]);
  assert.deepEqual(vcpu(`${MAPPED}\n1s dev1 set RUNNING_P2P\n2s dev1 vcpu 3 tid=7`), [
    'entry-in-RUNNING_P2P warning',
  ]);
});

test('vcpu-entry: kept when the halted device is let go and the guest had not run', () => {
  assert.deepEqual(vcpu(`${OPENED}\n1s dev1 set STOP\n2s dev1 set RUNNING\n3s dev1 vcpu 0 tid=7`), [
    'kept',
    'kept',
  ]);
});

test('vcpu-entry: unknown where entries were not watched before the device was let go', () => {
  const ready = `0 probe raw_tp kvm_entry ready\n${OPENED}\n1s dev1 set STOP`;
  const watched = 'probe raw_tp kvm_entry attached';
  assert.deepEqual(vcpu(`${ready}\n2s dev1 set RUNNING\n3s ${watched}`), ['unknown']);
  assert.deepEqual(vcpu(`${ready}\n1500ms ${watched}\n2s dev1 set RUNNING`), ['kept']);
});

test('vcpu-entry: a device that is paused alone and cannot be reached is one degree less', () => {
  assert.deepEqual(vcpu(`${OPENED}\n1s dev1 set STOP\n2s dev1 vcpu 0 tid=7`), ['entry-in-STOP warning']);
  assert.deepEqual(vcpu(`${MAPPED}\n1s dev1 set STOP\n2s dev1 vcpu 0 tid=7`), ['entry-in-STOP critical']);
});

test('vcpu-entry: unknown in and just after a transition, of a late device, after a loss, and where it is not observed', () => {
  assert.deepEqual(vcpu(`${OPENED}\n1s dev1 set STOP\n1000020us dev1 vcpu 0 tid=7`), ['unknown']);
  assert.deepEqual(vcpu(`${OPENED}\n1s dev1 set STOP tid=9 {\n2s dev1 vcpu 0 tid=7`), ['unknown']);
  assert.deepEqual(vcpu(`${FOUND}\n2s dev1 vcpu 0 tid=7`), ['unknown']);
  assert.deepEqual(vcpu(`${OPENED}\n1s dev1 set STOP\n2s lost bulk 1\n3s dev1 set RUNNING`), ['unknown']);
  const blind = '0 probe raw_tp kvm_entry unavailable';
  assert.deepEqual(vcpu(`${blind}\n${OPENED}\n1s dev1 set STOP\n3s dev1 set RUNNING`), ['unknown']);
});

const RESTORED = `${OPENED}\n1s dev1 set RESUMING\n2s dev1 data write 60`;
const armed = (text: string) => verdicts('irqs-armed-after-running', text);

test('irqs-armed: vectors that come after RUNNING', () => {
  assert.deepEqual(armed(`${RESTORED}\n3s dev1 set RUNNING\n4s dev1 irqs MSIX count=4`), ['late info']);
});

test('irqs-armed: kept where vectors were there', () => {
  assert.deepEqual(
    armed(`${RESTORED}\n2500ms dev1 irqs MSIX count=4\n3s dev1 set RUNNING\n4s dev1 irqs MSIX`),
    ['kept'],
  );
  assert.deepEqual(armed(`${OPENED}\n1ms dev1 irqs INTX\n1s dev1 set RESUMING\n3s dev1 set RUNNING`), [
    'kept',
  ]);
});

test('irqs-armed: silent where the guest turns MSI on, much later, without vectors, on a source', () => {
  assert.deepEqual(armed(`${RESTORED}\n3s dev1 set RUNNING\n3500ms dev1 msi on\n4s dev1 irqs MSIX`), []);
  assert.deepEqual(armed(`${RESTORED}\n3s dev1 set RUNNING\n9s dev1 irqs MSIX`), []);
  assert.deepEqual(armed(`${RESTORED}\n3s dev1 set RUNNING\n4s dev1 irqs MSIX count=0 flags=0x21`), []);
  assert.deepEqual(armed(`${OPENED}\n1s dev1 set STOP\n3s dev1 set RUNNING\n4s dev1 irqs MSIX`), []);
});

test('irqs-armed: unknown of a device whose past is not known, and after a loss', () => {
  const late = `${FOUND} in=STOP\n1s dev1 get STOP\n1s dev1 set RESUMING\n3s dev1 set RUNNING`;
  assert.deepEqual(armed(late), ['unknown']);
  assert.deepEqual(armed(`${RESTORED}\n2s lost crit 1\n3s dev1 set RUNNING`), ['unknown']);
});

const ioas = (text: string) => verdicts('ioas-change-while-halted', text);

test('ioas-change: in a migration a warning, before the load and in a pause info', () => {
  assert.deepEqual(ioas(`${OPENED}\n1s dev1 set PRE_COPY\n2s dev1 ioas attach 2`), ['in-PRE_COPY warning']);
  assert.deepEqual(ioas(`${OPENED}\n1s dev1 log start\n2s dev1 ioas attach 2`), ['while-logging warning']);
  assert.deepEqual(ioas(`${RESTORED}\n3s dev1 ioas detach`), ['in-RESUMING warning']);
  assert.deepEqual(ioas(`${OPENED}\n1s dev1 set RESUMING\n3s dev1 ioas attach 2`), ['in-RESUMING info']);
  assert.deepEqual(ioas(`${OPENED}\n1s dev1 set STOP\n3s dev1 ioas detach`), ['in-STOP info']);
});

test('ioas-change: kept in RUNNING; silent if refused or the migration is over; unknown of a late device', () => {
  assert.deepEqual(ioas(`${OPENED}\n1s dev1 ioas attach 2`), ['kept']);
  assert.deepEqual(ioas(`${OPENED}\n1s dev1 set STOP_COPY\n2s dev1 ioas attach 2 -> -EBUSY`), []);
  const saved = `${OPENED}\n1s dev1 set STOP_COPY\n2s dev1 data read 0\n3s dev1 set STOP`;
  assert.deepEqual(ioas(`${saved}\n4s dev1 ioas detach`), []);
  assert.deepEqual(ioas(`${FOUND}\n1s dev1 ioas attach 2`), ['unknown']);
});

const hot = (text: string) => verdicts('hot-reset-collateral', text);

test('hot-reset-collateral: whoever asked, the other device loses its migration', () => {
  assert.deepEqual(hot(`${OPENED}\n1s dev1 set STOP_COPY\n2s dev1 reset collateral tgid=9`), [
    'in-STOP_COPY critical',
  ]);
  assert.deepEqual(hot(`${OPENED}\n1s dev1 set STOP\n2s dev1 reset collateral`), ['in-STOP critical']);
  assert.deepEqual(hot(`${OPENED}\n1s dev1 log start\n2s dev1 reset collateral tgid=9`), [
    'in-RUNNING critical',
  ]);
  assert.deepEqual(hot(`${OPENED}\n1s dev1 set PRE_COPY\n2s dev1 reset collateral`), [
    'guest-reboot warning',
  ]);
});

test('hot-reset-collateral: kept in RUNNING, unknown in a transition and of a late device; nothing said twice', () => {
  assert.deepEqual(hot(`${OPENED}\n2s dev1 reset collateral tgid=9`), ['kept']);
  assert.deepEqual(hot(`${OPENED}\n1s dev1 set STOP_COPY\n2s dev1 reset hot`), []);
  assert.deepEqual(hot(`${OPENED}\n1s dev1 set STOP tid=7 {\n2s dev1 reset collateral tgid=9`), ['unknown']);
  assert.deepEqual(hot(`${FOUND}\n2s dev1 reset collateral tgid=9`), ['unknown']);
  const both = `${OPENED}\n1s dev1 set STOP_COPY\n2s dev1 reset collateral tgid=9`;
  assert.deepEqual(verdicts('reset-during-migration', both), []);
});

const aer = (text: string) => verdicts('host-error-while-halted', text);

test('host-error: of a halted device, with the touch that caused it', () => {
  assert.deepEqual(aer(`${OPENED}\n1s dev1 set STOP\n2s dev1 aer fatal`), ['coincident critical']);
  const touched = `${OPENED}\n1s dev1 set STOP\n2s dev1 region read bar0+0 4`;
  assert.deepEqual(aer(`${touched}\n2050ms dev1 aer nonfatal`), ['caused critical']);
  assert.deepEqual(aer(`${touched}\n2200ms dev1 aer nonfatal`), ['coincident critical']);
  assert.deepEqual(aer(`${OPENED}\n1s dev1 set STOP\n2s dev1 aer correctable`), ['correctable info']);
  assert.deepEqual(aer(`${OPENED}\n1s dev1 set STOP\n2s dev1 aer fatal status=0x20`), ['link-down info']);
});

test('host-error: kept in RUNNING and when the device is let go; unknown of a late one, after a loss, unobserved', () => {
  assert.deepEqual(aer(`${OPENED}\n2s dev1 aer fatal`), ['kept']);
  assert.deepEqual(aer(`${OPENED}\n1s dev1 set STOP\n2s dev1 set RUNNING`), ['kept']);
  assert.deepEqual(aer(`${FOUND}\n2s dev1 aer fatal`), ['unknown']);
  assert.deepEqual(aer(`${OPENED}\n1s dev1 set STOP\n2s lost crit 1\n3s dev1 set RUNNING`), ['unknown']);
  const blind = '0 probe raw_tp aer_event unavailable';
  assert.deepEqual(aer(`${blind}\n${OPENED}\n1s dev1 set STOP\n2s dev1 set RUNNING`), ['unknown']);
});
