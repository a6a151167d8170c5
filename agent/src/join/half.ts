// SPDX-License-Identifier: Apache-2.0
/** What one host saw of a migration of one device: half of it. Collected while a trace is judged. */
import type { Device } from '../model/device.js';
import { State, UNKNOWN } from '../model/fsm.js';
import type { Session } from '../model/session.js';
import type { World } from '../model/world.js';
import type { Origin } from '../rules/finding.js';
import type { KernelEvent } from '../wire/events.gen.js';

/** More of them than anybody would read; what a hostile trace can make us keep is bounded by these two. */
const MAX_HALVES = 10_000;
const MAX_STATES = 200;

/** The machine that a trace is of, and how far its clock can be trusted. */
export interface Host {
  /** Two traces of one `boot_id` have one CLOCK_MONOTONIC. */
  readonly origin: Origin;
  /** CLOCK_REALTIME minus CLOCK_MONOTONIC when the trace began, ns: for times before its first tick. */
  readonly clockOffset: bigint;
  /** How far CLOCK_REALTIME may be off, ns, as the kernel's NTP said; undefined: it was not synchronised, or did not say. */
  readonly clockError: number | undefined;
}

/** A time of one host, on both its clocks, ns. */
export interface Moment {
  readonly mono: bigint;
  readonly wall: bigint;
}

/** The device came to a state, or was closed. */
export interface Step extends Moment {
  readonly state: string;
}

export interface Half {
  readonly host: Host;
  readonly side: 'source' | 'destination';
  readonly device: string;
  readonly driver: string;
  readonly group: number;
  /** VFIO_MIGRATION_*. */
  readonly flags: number;
  /** The VMM's process, which tells migrations of one host apart. */
  readonly tgid: number;
  readonly comm: string;
  readonly vm: string;
  /** Of the VM; empty where its command line has none. */
  readonly uuid: string;
  /** What flowed. It goes on counting until the trace ends. */
  readonly session: Session;
  readonly began: Moment;
  readonly steps: Step[];
  /** The guest does without the device from here on. */
  stopped: Moment | undefined;
  /** It has the device back. */
  running: Moment | undefined;
  /** Last time that bytes moved. */
  lastData: Moment | undefined;
  /** How much the two clocks of the host moved against each other meanwhile, ns. */
  drift: number;
}

/** Is the number of its bytes the whole truth? */
export const isExact = ({ session: s }: Half): boolean =>
  s.observed && !s.lossy && (s.endedAt >= 0 || s.released);

export const bytesOf = ({ session: s }: Half): number =>
  s.direction === 'save' ? s.bytesRead : s.bytesWritten;

interface Open {
  readonly half: Half;
  state: number;
  readonly offset: bigint;
}

export class Halves {
  readonly found: Half[] = [];
  /** Sessions that were too many to keep. */
  left = 0;
  /** By device, while its migration lasts. */
  private readonly open = new Map<number, Open>();

  constructor(
    private readonly host: Host,
    private readonly world: World,
  ) {}

  /** To be told every event of the trace, when it has been folded. */
  after(e: KernelEvent): void {
    if (e.kind === 'tick') this.watchClock();
    else if (e.dev !== 0) this.follow(e);
  }

  /** There are no more records. */
  finish(): void {
    for (const { half } of this.open.values()) this.note(half);
    this.open.clear();
  }

  private get offset(): bigint {
    return this.world.wallOffset ?? this.host.clockOffset;
  }

  private moment(at: number): Moment {
    const mono = this.world.base + BigInt(Math.trunc(at));
    return { mono, wall: mono + this.offset };
  }

  private watchClock(): void {
    for (const { half, offset } of this.open.values()) {
      const moved = Math.abs(Number(this.offset - offset));
      if (moved > half.drift) half.drift = moved;
    }
  }

  private follow(e: KernelEvent): void {
    const d = this.world.devices.get(e.dev);
    let open = this.open.get(e.dev);
    if (d?.session && d.session !== open?.half.session && d.session.endedAt < 0)
      open = this.begin(d, d.session);
    if (!open) return;
    const { half } = open;
    this.note(half);
    const { steps } = half;
    if (!d) {
      steps.push({ ...this.moment(e.at), state: 'closed' });
      this.open.delete(e.dev);
      return;
    }
    if (d.episode && d.episode.stoppedAt >= 0) half.stopped ??= this.moment(d.episode.stoppedAt);
    if (d.state === open.state || d.state === UNKNOWN) return;
    open.state = d.state;
    if (steps.length < MAX_STATES) steps.push({ ...this.moment(d.landedAt), state: d.stateName });
    if (d.state !== State.RUNNING) return;
    half.running = this.moment(d.landedAt);
    this.open.delete(e.dev);
  }

  private note(half: Half): void {
    const at = half.session.lastDataAt;
    if (at >= 0) half.lastData = this.moment(at);
  }

  private begin(d: Device, session: Session): Open | undefined {
    const before = this.open.get(d.id);
    if (before) this.note(before.half);
    this.open.delete(d.id);
    if (this.found.length >= MAX_HALVES) {
      this.left++;
      return undefined;
    }
    const vm = this.world.vms.get(d.tgid);
    const half: Half = {
      host: this.host,
      side: session.direction === 'save' ? 'source' : 'destination',
      device: d.name,
      driver: d.driver,
      group: d.group,
      flags: d.flags,
      tgid: d.tgid,
      comm: d.comm,
      vm: this.world.vmOf(d),
      uuid: vm?.uuid.toLowerCase() ?? '',
      session,
      began: this.moment(session.openedAt),
      steps: [],
      stopped: undefined,
      running: undefined,
      lastData: undefined,
      drift: 0,
    };
    this.found.push(half);
    const open = { half, state: UNKNOWN, offset: this.offset };
    this.open.set(d.id, open);
    return open;
  }
}
