// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../model/device.js';
import { State, UNKNOWN } from '../model/fsm.js';
import { type ResetEvent, ResetKindValue } from '../wire/events.gen.js';
import { broken, IN_TRANSITION, KEPT, rule, SILENT, STATE_UNKNOWN } from './rule.js';
import { TRACKING_UNKNOWN, trackingKnown } from './tracking.js';

/** A guest that reboots while it migrates resets all of its devices, the ones by way of the others. */
const guestReboot = (e: ResetEvent, d: Device) =>
  e.tgid === d.tgid && (d.state === State.RUNNING || d.state === State.PRE_COPY);

export const hotResetCollateral = rule({
  id: 'hot-reset-collateral',
  version: 1,
  statement: 'A hot reset must not hit another device that is in the middle of a migration.',
  says: 'must not generate asynchronous device state transitions outside of manipulation by the user or the VFIO_DEVICE_RESET ioctl',
  where:
    'include/uapi/linux/vfio.h, VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE; that all of the set are hit: drivers/vfio/pci/vfio_pci_core.c, vfio_pci_dev_set_hot_reset()',
  norm: 'N2',
  party: 'user',
  scope: 'devices',
  severities: ['warning', 'critical'],
  needs: ['reset', 'migration-state'],
  decides:
    'A hot reset that was asked of another device of the set succeeded, and this one was not RUNNING, or its dirty tracking was on: critical. Asked by its own VMM in RUNNING or PRE_COPY: warning, its guest rebooted. An error recovery that resets the bus is not recorded.',
  benign: 'A VM that starts on a shared slot, before any of its devices migrates.',
  action:
    'Do not hand devices of one slot to different VMs; wait with hot resets for the end of the migration.',
  on: ['reset'],
  judge(w, e, d) {
    if (!d || e.resetKind !== ResetKindValue.COLLATERAL || e.ret < 0) return SILENT;
    if (d.transition) return IN_TRANSITION;
    if (d.state === UNKNOWN) return STATE_UNKNOWN;
    if (d.state === State.RUNNING && !d.logging) return trackingKnown(w, d) ? KEPT : TRACKING_UNKNOWN;
    const own = guestReboot(e, d);
    return broken(own ? 'guest-reboot' : `in-${d.stateName}`, own ? 'warning' : 'critical', {
      evidence: {
        asked_by: { tgid: e.tgid, own: e.tgid === d.tgid },
        logging: d.logging,
        bytes_read: d.session?.bytesRead ?? 0,
        set: [...w.devices.values()].filter((p) => p !== d && p.bus === d.bus).map((p) => p.name),
      },
    });
  },
});
