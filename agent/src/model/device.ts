// SPDX-License-Identifier: Apache-2.0
import { doubles } from '../wire/doubles.js';
import { Context } from './context.js';
import { stateName, UNKNOWN } from './fsm.js';
import type { Ranges } from './ranges.js';
import { type DirtyBits, Reports } from './reports.js';
import type { Session } from './session.js';
import type { V1 } from './v1.js';

/** One step the driver was about to take, as vfio_mig_get_next_state() answered. */
export interface Arc {
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

/** A SET_STATE in flight: entered, not yet returned. */
export interface Transition {
  readonly at: number;
  readonly tgid: number;
  readonly tid: number;
  /** State before it; UNKNOWN until the first arc tells. The driver's word in that arc outweighs ours. */
  from: number;
  readonly requested: number;
  readonly arcs: Arc[];
  /** The core refused a step (negative answer). */
  refused: boolean;
  /** A reset or another SET_STATE happened inside: what the return code means is not certain. */
  disturbed: boolean;
  /** How many threads are inside a SET_STATE now; it is over when the last one has returned. */
  inside: number;
  /** The failed SET_STATE that this one is the reaction to. */
  readonly after: Failure | undefined;
}

/** A finished SET_STATE, for evidence. Times are relative ns. */
export interface Visit {
  readonly enter: number;
  readonly exit: number;
  readonly from: string;
  readonly requested: string;
  readonly steps: readonly string[];
  readonly landed: string;
  readonly ret: number;
  readonly tid: number;
}

/** A SET_STATE that was refused or failed and that nobody has reacted to yet. */
export interface Failure {
  readonly at: number;
  readonly tgid: number;
  readonly from: number;
  readonly requested: number;
  /** Where the last arc began: the state that the driver was most likely left in. `from` if there was no arc. */
  readonly stuckAt: number;
  /** Where the last arc was to end; UNKNOWN if there was none. */
  readonly stepTo: number;
  readonly ret: number;
}

export type Side = 'source' | 'destination' | 'pause-only';

/** From leaving normal operation to being back in it (or gone). */
export interface Episode {
  readonly id: number;
  side: Side;
  readonly startedAt: number;
  /** Records lost on this host while it lasted. */
  lost: number;
  /** A SET_STATE failed in it. */
  failed: boolean;
  /** Its outcome has been reported. */
  settled: boolean;
  /** When the device stopped serving the guest: RUNNING* was left; -1 if not seen, or it serves again. */
  stoppedAt: number;
}

export type HowStateKnown = 'unknown' | 'inventory' | 'open' | 'set' | 'arc' | 'get' | 'reset';

const HISTORY = 32;

/** Everything known of one opened life of a vfio_device. Mutated by fold only. */
export class Device {
  state: number = UNKNOWN;
  how: HowStateKnown = 'unknown';
  /** When `state` was reached (or first known), relative ns. */
  landedAt = 0;
  /** Thread that brought it there. */
  landedBy = 0;
  /** When it was last seen to enter HALT from elsewhere, relative ns; -1 never. */
  haltedAt = -1;
  /** Its container, 0 none; World.place changes it. */
  container = 0;
  /** State records folded so far, as the kernel counts them; see ev_hdr.gen. */
  gen: number;
  transition: Transition | undefined;
  failure: Failure | undefined;
  episode: Episode | undefined;
  session: Session | undefined;
  /** It has a v1 migration region. */
  v1: V1 | undefined;
  /** Observations of ERROR: one may be a misread, two are not. */
  errorSeen = 0;
  errorAt = -1;
  lastResetAt = -1;
  lastResetTid = 0;
  /** When PCIe AER last named it, relative ns; -1 never. */
  errorReportedAt = -1;
  /** It was open before it was watched, and has not been seen to begin anew since: what is said of it rests on less. */
  pastUnknown: boolean;
  /** Its first open was seen: nothing was done to it before. */
  openSeen = false;
  /** Region mappings made; munmap cannot be seen, so this is an upper bound. */
  mmaps = 0;
  /** Faults since the last zap that mapped something. */
  faultsSinceZap = 0;
  lastZapAt = -1;
  /** The last interrupt that was handled while the device was halted, relative ns; -1 never. */
  lastHaltedIrqAt = -1;
  /** When interrupts were last set up: SET_IRQS, or memory forced on for it; -1 never. */
  lastIrqSetupAt = -1;
  /** When one of its regions, or its guest, was last seen to be used outside RUNNING, relative ns; -1 never; and by what. */
  lastTouchAt = -1;
  lastTouch = '';
  /** The last vCPU entry while it was not INIT, relative ns; -1 never. */
  lastVcpuEntryAt = -1;
  /** IRQ indices (INTX, MSI, MSIX) that have vectors, as bits; -1 where it is not known. */
  armed = -1;
  /** A destination that came to RUNNING without vectors, relative ns; -1 it had some, or the guest has set up its own since. */
  unarmedSince = -1;
  lastZapCause = 0;
  lastZapTgid = 0;
  lastZapTid = 0;
  /** Dirty tracking on the device's own tracker. */
  logging = false;
  /** Since when `logging` is known, relative ns; -1 where it is not. */
  loggingAt = -1;
  /** When a dirty report failed that nobody has reacted to; -1 none. */
  reportFailedAt = -1;
  /** What its own tracker logs; undefined where that was not seen. `rangesToLog` collects them until START returns. */
  logged: Ranges | undefined;
  rangesToLog: Ranges | undefined;
  /** Memory that was mapped for it outside of what is logged. */
  unlogged: { readonly iova: number; readonly size: number; readonly at: number } | undefined;
  /** What its own tracker has reported, and the content of the report that is about to return. */
  readonly reports = new Reports();
  reportBits: DirtyBits | undefined;
  readonly history: Visit[] = [];
  readonly context = new Context();
  readonly counts = {
    regionReads: new Map<number, number>(),
    regionWrites: new Map<number, number>(),
    setIrqs: new Map<number, number>(),
    resets: new Map<number, number>(),
    faults: new Map<number, number>(),
    zaps: new Map<number, number>(),
    irqsWhileHalted: 0,
    bytesSaved: 0,
    bytesResumed: 0,
    /** By its own tracker, and by its type1 container. */
    dirtyReports: 0,
    containerReports: 0,
    ambiguous: 0,
  };

  constructor(
    readonly id: number,
    readonly name: string,
    readonly driver: string,
    readonly bus: string,
    readonly flags: number,
    /** The driver has v2's operations (vfio_device.mig_ops). */
    readonly hasMigOps: boolean,
    readonly group: number,
    readonly tgid: number,
    readonly comm: string,
    readonly knownAt: number,
    gen: number,
    pastUnknown: boolean,
  ) {
    this.gen = gen;
    this.pastUnknown = pastUnknown;
  }

  /** By either protocol, as far as is known. */
  get hasMigration(): boolean {
    return this.hasMigOps || this.v1 !== undefined;
  }

  get stateName(): string {
    return stateName(this.state);
  }

  remember(visit: Visit): void {
    this.history.push(visit);
    if (this.history.length > HISTORY) this.history.shift();
  }
}

const shown = new Device(0, '', '', '', 0, false, 0, 0, '', 0, 0, false);
doubles(
  shown,
  'landedAt',
  'haltedAt',
  'errorAt',
  'lastResetAt',
  'errorReportedAt',
  'lastZapAt',
  'lastHaltedIrqAt',
  'lastIrqSetupAt',
  'lastTouchAt',
  'lastVcpuEntryAt',
  'unarmedSince',
  'loggingAt',
  'reportFailedAt',
);
doubles(shown.counts, 'bytesSaved', 'bytesResumed');
