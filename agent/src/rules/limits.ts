// SPDX-License-Identifier: Apache-2.0
/** Figures that an operator may change; the defaults are those of docs/contract.md. All in ns. */
export interface Limits {
  /** Grace around a landing for events of other threads. */
  readonly epsCpu: number;
  /** Grace for interrupts that were under way. */
  readonly epsIrq: number;
  /** Grace for IOMMU faults, which are logged late. */
  readonly epsIommu: number;
  /** How long a P2P window must stay open to count. */
  readonly p2pSustain: number;
  /** Grace for users of a data_fd after its states were left. */
  readonly epsData: number;
  /** How long ERROR may last without a reset: warning, critical. */
  readonly errorResetWithin: number;
  readonly errorResetCritical: number;
  /** How long the user has to react to a failed SET_STATE. */
  readonly reactWithin: number;
  /** A forbidden request this soon after open is feature probing. */
  readonly probingWithin: number;
  /** Time that a guest's device may be out of work. */
  readonly blackoutBudget: number;
}

const US = 1e3;
const MS = 1e6;
const S = 1e9;

export const DEFAULT_LIMITS: Limits = {
  epsCpu: 50 * US,
  epsIrq: 5 * MS,
  epsIommu: 10 * MS,
  p2pSustain: 1 * MS,
  epsData: 100 * MS,
  errorResetWithin: 5 * S,
  errorResetCritical: 60 * S,
  reactWithin: 1 * S,
  probingWithin: 1 * S,
  blackoutBudget: 300 * MS,
};
