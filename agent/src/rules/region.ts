// SPDX-License-Identifier: Apache-2.0
/** Region indices (uapi/linux/vfio.h, VFIO_PCI_*_REGION_INDEX); mtty keeps to vfio-pci's. */
import type { Device } from '../model/device.js';

export const CONFIG_REGION = 7;
export const FIRST_DEVICE_SPECIFIC = 9;

/** BAR2 of hisi_acc is a doorbell: touched, the stopped device runs again. */
export function wakesDevice(d: Device, region: number): boolean {
  return region === 2 && d.driver.replaceAll('-', '_') === 'hisi_acc_vfio_pci';
}

/** Does the file position hold the region index above bit 40 on this device? */
export function indexKnown(d: Device): boolean {
  return d.bus === 'pci' || d.driver === 'mtty' || d.v1?.pciLayout === true;
}
