// SPDX-License-Identifier: Apache-2.0
/** Region indices (uapi/linux/vfio.h, VFIO_PCI_*_REGION_INDEX); mtty keeps to vfio-pci's. */
import type { Device } from '../model/device.js';

export const CONFIG_REGION = 7;
export const FIRST_DEVICE_SPECIFIC = 9;

/** Does the file position hold the region index above bit 40 on this device? */
export function indexKnown(d: Device): boolean {
  return d.bus === 'pci' || d.driver === 'mtty';
}
