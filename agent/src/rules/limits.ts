// SPDX-License-Identifier: Apache-2.0
/**
 * Figures that an operator may change, with their defaults. The configuration
 * file, its schema and the documents are made from this table.
 */
import { DEFAULT_UNROUTABLE, Routing } from './routing.js';

const US = 1e3;
const MS = 1e6;
const S = 1e9;
const MIN = 60 * S;

interface Limit {
  /** Default, ns. */
  readonly ns: number;
  readonly means: string;
  /** Ids of the rules that read it. */
  readonly usedBy: readonly string[];
}

const limit = (ns: number, means: string, usedBy: readonly string[]): Limit => ({ ns, means, usedBy });

export const LIMITS = {
  epsCpu: limit(50 * US, 'Grace around a landing for events of other threads.', [
    'config-write-while-halted',
    'ioeventfd-write-while-halted',
    'mmio-access-in-p2p-state',
    'mmio-fault-while-halted',
    'mmio-rw-while-halted',
    'precopy-eos-encoding',
    'vcpu-entry-while-halted',
  ]),
  epsIrq: limit(5 * MS, 'Grace for interrupts that were under way.', ['irq-while-halted']),
  epsIommu: limit(10 * MS, 'Grace for IOMMU faults, which are logged late.', [
    'dma-dirty-while-halted',
    'iommu-fault-while-halted',
  ]),
  p2pSustain: limit(1 * MS, 'How long a P2P window must stay open to count.', ['p2p-window-open']),
  epsData: limit(100 * MS, 'Grace for users of a data_fd after its states were left.', [
    'data-fd-wrong-state',
    'precopy-info-wrong-state',
  ]),
  errorResetWithin: limit(5 * S, 'How long ERROR may last without a reset before it is a warning.', [
    'error-not-reset',
  ]),
  errorResetCritical: limit(60 * S, 'How long ERROR may last without a reset before it is critical.', [
    'error-not-reset',
  ]),
  reactWithin: limit(1 * S, 'How long the user has to react to a failed SET_STATE.', [
    'fsm-landed-elsewhere',
    'reset-during-migration',
    'resuming-abort-without-reset',
    'stop-copy-not-drained',
  ]),
  probingWithin: limit(1 * S, 'A forbidden request this soon after open is feature probing.', [
    'fsm-arc-rejected',
  ]),
  blackoutBudget: limit(300 * MS, "Time that a guest's device may be out of work.", [
    'blackout-budget-exceeded',
  ]),
  transitionStuck: limit(5 * S, 'How long a SET_STATE may take before it is a warning.', [
    'fsm-transition-stuck',
  ]),
  transitionStuckCritical: limit(60 * S, 'How long a SET_STATE may take before it is critical.', [
    'fsm-transition-stuck',
  ]),
  spinConfirmed: limit(
    1 * S,
    'How long the blocked arc may take to be refused: an unfixed kernel never answers.',
    ['fsm-blocked-arc-spin'],
  ),
  dwellQuiet: limit(10 * S, 'How long a device may stay P2P quiescent.', ['state-dwell-exceeded']),
  dwellStopCopyIdle: limit(60 * S, 'How long STOP_COPY may last with nothing read.', [
    'state-dwell-exceeded',
  ]),
  dwellResumingIdle: limit(30 * MIN, 'How long RESUMING may last with nothing written.', [
    'state-dwell-exceeded',
  ]),
  dwellPrecopyIdle: limit(30 * MIN, 'How long pre-copy may last with nothing read.', [
    'state-dwell-exceeded',
  ]),
  epsGet: limit(5 * MS, 'A GET that reports this late after a landing may have read the state before it.', [
    'fsm-async-change',
  ]),
  epsReset: limit(
    100 * MS,
    "A reset may take effect this late: it is deferred while the driver's state mutex is held.",
    ['reset-not-running'],
  ),
  cancelWithin: limit(5 * S, 'A data_fd closed this long before the return to RUNNING was a cancel.', [
    'data-fd-closed-early',
  ]),
  outOfSyncWithin: limit(10 * MS, 'A new data_fd closed this soon: the user was out of step.', [
    'data-session-superseded',
  ]),
  fdLeaked: limit(60 * S, 'How long a data_fd may stay open after its session.', ['data-fd-leaked']),
  trackingLeft: limit(
    60 * S,
    'How long dirty tracking may go on after the migration, the device RUNNING again.',
    ['dirty-not-stopped'],
  ),
  armedWithin: limit(5 * S, 'Interrupts set up this soon after RUNNING were set up too late.', [
    'irqs-armed-after-running',
  ]),
  touchCauses: limit(100 * MS, 'An error this soon after a touch was caused by it.', [
    'host-error-while-halted',
  ]),
  resetExplains: limit(5 * S, 'How long what a reset explains may be seen after it.', [
    'data-session-killed',
    'dirty-report-inactive',
  ]),
  zapUnmapWithin: limit(1 * S, 'How long a BAR may stay mapped for DMA after its CPU mappings were zapped.', [
    'p2p-map-survives-zap',
  ]),
} as const satisfies Record<string, Limit>;

export type LimitKey = keyof typeof LIMITS;

/** Durations, all in ns, and what else an operator knows better than the kernel. */
export type Limits = Readonly<Record<LimitKey, number>> & { readonly routing: Routing };

export const LIMIT_KEYS = Object.keys(LIMITS) as LimitKey[];

export const DEFAULT_LIMITS: Limits = {
  ...(Object.fromEntries(LIMIT_KEYS.map((key) => [key, LIMITS[key].ns])) as Record<LimitKey, number>),
  routing: new Routing(DEFAULT_UNROUTABLE),
};

/** The limits that a rule reads. */
export const limitsOf = (id: string): LimitKey[] =>
  LIMIT_KEYS.filter((key) => (LIMITS[key].usedBy as readonly string[]).includes(id));

/** The same with their figures, ns, by the names that people write: for evidence. */
export const figuresOf = (id: string, limits: Limits): Record<string, number> =>
  Object.fromEntries(limitsOf(id).map((key) => [limitName(key), limits[key]]));

/** What people write: `epsCpu` is `eps-cpu`. */
export const limitName = (key: LimitKey): string => key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
