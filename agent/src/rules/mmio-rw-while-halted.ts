// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../model/device.js';
import { HALT, State } from '../model/fsm.js';
import { regionIndex } from '../model/touch.js';
import type { RegionReadEvent, RegionWriteEvent } from '../wire/events.gen.js';
import { EINVAL, EIO } from './errno.js';
import { CONFIG_REGION, FIRST_DEVICE_SPECIFIC, indexKnown, wakesDevice } from './region.js';
import { type Broken, broken, KEPT, rule, SEVERITIES, type Severity, unknown } from './rule.js';
import { settledIn } from './settled.js';

const INDEX_UNKNOWN = unknown("where this driver's region index is in the file position is not known");

function baseSeverity(d: Device, region: number, write: boolean): Severity {
  if (region >= FIRST_DEVICE_SPECIFIC) return 'warning';
  if (d.state === State.STOP_COPY) return 'critical';
  if (d.state === State.RESUMING) return write ? 'critical' : 'warning';
  return write && wakesDevice(d, region) ? 'critical' : 'warning';
}

function finding(e: RegionReadEvent | RegionWriteEvent, d: Device, region: number): Broken {
  const write = e.kind === 'region_write';
  // The kernel refused it: memory decoding off, or outside what the driver lets through.
  const attempt = e.ret === EIO || e.ret === EINVAL;
  const base = baseSeverity(d, region, write);
  const severity = attempt ? (SEVERITIES[SEVERITIES.indexOf(base) - 1] ?? 'info') : base;
  const what = `${attempt ? 'attempted-' : ''}${write ? 'write' : 'read'}`;
  return broken(`${what}-in-${d.stateName}`, severity, {
    norm: d.state === State.RESUMING ? 'N3' : 'N1',
    evidence: {
      region: region >= FIRST_DEVICE_SPECIFIC ? `devspec ${region}` : region,
      offset: e.pos - region * 2 ** 40,
      length: e.count,
      since_landed_ns: e.at - d.landedAt,
    },
  });
}

export const mmioRwWhileHalted = rule({
  id: 'mmio-rw-while-halted',
  version: 1,
  statement:
    "The user must not read or write a device's regions (other than PCI config space) through the device fd in STOP, STOP_COPY or RESUMING.",
  says: 'restrict access to vfio device regions while the device is in STOP_COPY or risk corruption of the device migration data stream',
  where:
    'include/uapi/linux/vfio.h, VFIO_DEVICE_STATE_STOP_COPY; STOP: "Like while in STOP or STOP_COPY the user must not touch the device"',
  norm: 'N1',
  party: 'user',
  severities: ['info', 'warning', 'critical'],
  needs: ['region-access', 'migration-state'],
  decides:
    'read() or write() on the device fd, region index not 7, more than 50 µs after the device landed in STOP, STOP_COPY or RESUMING and before the next SET_STATE. Refused accesses (EIO, EINVAL) count one severity less.',
  benign:
    'Accesses during a transition are counted as ambiguous, never judged. Device-specific regions (index >= 9): warning. A debugger that shares the fd.',
  action:
    'Find the accessing thread (tid, in the event) in the VMM; its MMIO path must be off while the device is halted.',
  on: ['region_read', 'region_write'],
  ordinarily: { region_read: KEPT, region_write: KEPT },
  judge(_w, e, d, limits) {
    const halted = settledIn(d, e, HALT, limits.epsCpu);
    if (typeof halted !== 'boolean') return halted;
    if (!halted || !d) return KEPT;
    if (!indexKnown(d)) return INDEX_UNKNOWN;
    const region = regionIndex(e.pos);
    return region === CONFIG_REGION ? KEPT : finding(e, d, region);
  },
});
