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
  /** How long a SET_STATE may take: warning, critical. */
  readonly transitionStuck: number;
  readonly transitionStuckCritical: number;
  /** How long the blocked arc may take to be refused: an unfixed kernel never answers. */
  readonly spinConfirmed: number;
  /** How long a state may last with nothing moving. */
  readonly dwellQuiet: number;
  readonly dwellStopCopyIdle: number;
  readonly dwellResumingIdle: number;
  readonly dwellPrecopyIdle: number;
  /** A GET that reports this late after a landing may have read the state before it. */
  readonly epsGet: number;
  /** A reset may take effect this late: it is deferred while the driver's state mutex is held. */
  readonly epsReset: number;
  /** A data_fd closed this long before the return to RUNNING was a cancel. */
  readonly cancelWithin: number;
  /** A new data_fd closed this soon: the user was out of step. */
  readonly outOfSyncWithin: number;
  /** How long a data_fd may stay open after its session. */
  readonly fdLeaked: number;
  /** How long dirty tracking may go on after the migration, the device RUNNING again. */
  readonly trackingLeft: number;
  /** How long what a reset explains may be seen after it. */
  readonly resetExplains: number;
  /** How long a BAR may stay mapped for DMA after its CPU mappings were zapped. */
  readonly zapUnmapWithin: number;
}

const US = 1e3;
const MS = 1e6;
const S = 1e9;
const MIN = 60 * S;

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
  transitionStuck: 5 * S,
  transitionStuckCritical: 60 * S,
  spinConfirmed: 1 * S,
  dwellQuiet: 10 * S,
  dwellStopCopyIdle: 60 * S,
  dwellResumingIdle: 30 * MIN,
  dwellPrecopyIdle: 30 * MIN,
  epsGet: 5 * MS,
  epsReset: 100 * MS,
  cancelWithin: 5 * S,
  outOfSyncWithin: 10 * MS,
  fdLeaked: 60 * S,
  trackingLeft: 60 * S,
  resetExplains: 5 * S,
  zapUnmapWithin: 1 * S,
};
