// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFault } from '../src/kernel/kmsg.js';

test('an Intel fault, as 6.12 logs it in the lab', () => {
  assert.deepEqual(
    parseFault(
      '3,1180,12345678,-;DMAR: [DMA Write NO_PASID] Request device [00:02.0] fault addr 0x10000 [fault reason 0x05] PTE Write access is not set\n SUBSYSTEM=pci\n',
    ),
    { traced: false, bdf: '0000:00:02.0', iova: 0x10000n, write: true, reason: 5 },
  );
});

test('an AMD fault: direction from bit 5 of its flags', () => {
  const line = (flags: string) =>
    `4,9,1,-;pcieport: AMD-Vi: Event logged [IO_PAGE_FAULT device=0001:3b:00.2 domain=0x001e address=0xfffff000 flags=${flags}]`;
  assert.deepEqual(parseFault(line('0x0020')), {
    traced: true,
    bdf: '0001:3b:00.2',
    iova: 0xfffff000n,
    write: true,
    reason: 0x20,
  });
  assert.equal(parseFault(line('0x0000'))?.write, false);
  assert.equal(parseFault(line('0x0008'))?.traced, false, 'of an interrupt no tracepoint tells');
});

test('what is no fault of a device is nothing', () => {
  for (const record of [
    '',
    'not a record',
    '6,1,1,-;DMAR: Intel(R) Virtualization Technology for Directed I/O',
    '3,1,1,-;DMAR: DRHD: handling fault status reg 2',
    '6,1,1,-;vfio-pci 0000:00:02.0: enabling device',
  ])
    assert.equal(parseFault(record), undefined, record);
});
