// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from '../../src/wire/events.gen.js';
import { judgeBatches } from '../run.js';
import { scenario } from '../scenario.js';

const RULE = 'iommu-fault-while-halted';
const BASE = 5_000_000_000_000n;
const MS = 1_000_000n;
const OPENED = '0 dev1 opened pci mlx5_vfio_pci flags=stop-copy,p2p,pre-copy';

/** What the rule says of a fault of dev1 that was logged at one time and read at another, ms. */
function verdict(text: string, logged: bigint, read: bigint, dev = 1): string {
  const fault = encode('iommu_fault', {
    at: BASE + read * MS,
    logged: BASE + logged * MS,
    dev,
    iova: 0x1000n,
    write: 1,
    reason: 5,
    bdf: '0000:3b:00.2',
  });
  const { judge, violations } = judgeBatches([...scenario(text), fault]);
  const found = violations.find((v) => v.rule === RULE);
  if (found) return `${found.severity} ${found.reason} ${found.evidence.iova} ${found.evidence.direction}`;
  const { kept, unknown } = judge.engine.tallies.get(RULE) ?? { kept: 0, unknown: 0 };
  return kept ? 'kept' : unknown ? 'unknown' : 'silent';
}

test('iommu-fault: a halted device that started DMA', () => {
  assert.equal(verdict(`${OPENED}\n10ms dev1 set STOP`, 50n, 60n), 'critical dma-in-STOP 0x1000 write');
  assert.equal(
    verdict(`${OPENED}\n10ms dev1 set RESUMING`, 50n, 60n),
    'critical dma-in-RESUMING 0x1000 write',
  );
});

test('iommu-fault: a running device may fault as it likes', () => {
  assert.equal(verdict(OPENED, 50n, 60n), 'kept');
  assert.equal(verdict(`${OPENED}\n10ms dev1 set PRE_COPY`, 50n, 60n), 'kept');
});

test('iommu-fault: unknown just after the landing, in a transition, before it, or of a state not known', () => {
  assert.equal(verdict(`${OPENED}\n10ms dev1 set STOP`, 15n, 60n), 'unknown');
  assert.equal(verdict(`${OPENED}\n10ms dev1 set STOP tid=7 {`, 50n, 60n), 'unknown');
  assert.equal(verdict(`${OPENED}\n10ms dev1 set STOP\n55ms dev1 set RUNNING`, 50n, 60n), 'unknown');
  assert.equal(verdict('0 dev1 found pci mlx5_vfio_pci', 50n, 60n), 'unknown');
});

test('iommu-fault: of a device that is not open through VFIO, nothing', () => {
  assert.equal(verdict(`${OPENED}\n10ms dev1 set STOP`, 50n, 60n, 0), 'silent');
});
