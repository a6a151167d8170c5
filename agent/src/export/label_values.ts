// SPDX-License-Identifier: Apache-2.0
/** Numbers of the VFIO uAPI as people and label values have them. */
import { STATE_NAMES } from '../model/fsm.js';
import { ResetKindValue } from '../wire/events.gen.js';

const IRQ_NAMES = ['INTX', 'MSI', 'MSIX', 'ERR', 'REQ'] as const;
const CONFIG_REGION = 7;
/** Indices come from user space: above this they share one label, so that series stay bounded. */
const MAX_INDEX = 8;

/** VFIO_PCI_*_IRQ_INDEX by name on PCI and on mediated devices, which copy it. */
export function irqName(index: number, bus: string): string {
  const named = bus === 'platform' ? undefined : IRQ_NAMES[index];
  return named ?? String(index);
}

export function irqLabel(index: number, bus: string): string {
  return index <= MAX_INDEX ? irqName(index, bus) : 'other';
}

export function regionName(region: number, bus: string): string {
  return region === CONFIG_REGION && bus === 'pci' ? 'config' : String(region);
}

export function regionLabel(region: number, bus: string): string {
  return region >= 0 && region <= MAX_INDEX ? regionName(region, bus) : 'other';
}

export function resetKind(kind: number): string {
  switch (kind) {
    case ResetKindValue.IOCTL:
      return 'ioctl';
    case ResetKindValue.HOT:
      return 'hot';
    case ResetKindValue.COLLATERAL:
      return 'collateral';
    case ResetKindValue.FUNCTION:
      return 'function';
    default:
      return 'other';
  }
}

const ZAP_CAUSES = ['other', 'reset', 'hot-reset', 'config', 'low-power'];

export function zapCause(cause: number): string {
  return ZAP_CAUSES[cause] ?? 'other';
}

/** A state's label; what has no name is unknown. */
export function stateLabel(state: number): string {
  return STATE_NAMES[state] ?? 'unknown';
}

export const STATE_LABELS: readonly string[] = [...STATE_NAMES, 'unknown'];
