// SPDX-License-Identifier: Apache-2.0
/**
 * The live source: the kernel's records plus those that only the agent can add
 * (ticks, losses, probes, names of VMs), so that the stream can be judged, and
 * replayed, without asking the host anything.
 */
import { readFileSync } from 'node:fs';
import type { KernelLog } from './kernel/kmsg.js';
import type { ProbeState, Shim } from './kernel/shim.js';
import { POLICY } from './model/coverage.js';
import { OpenDevices } from './open_devices.js';
import type { Source } from './source.js';
import { cgroupPath, vmIdentity } from './vm_identity.js';
import { Cursor } from './wire/cursor.js';
import { Decoder, EvType, encode, ProbeStatusValue, RECORD_SIZES } from './wire/events.gen.js';

const TICK_NS = 1_000_000_000n;
const DRAIN_BYTES = 1 << 20;
const WAIT_MS = 1000;
const LOG_EVERY_NS = 50_000_000n;
const LOOK_SOON_MS = 60;
/** Longer than the shim holds records back to order them. */
const SETTLE_MS = 5;

const STATUS: Record<ProbeState['status'], number> = {
  attached: ProbeStatusValue.ATTACHED,
  waiting: ProbeStatusValue.WAITING,
  ready: ProbeStatusValue.READY,
  unavailable: ProbeStatusValue.UNAVAILABLE,
  detached: ProbeStatusValue.DETACHED,
  unknown: ProbeStatusValue.UNAVAILABLE,
};

/** Where a record says what it is; see wire.h, struct ev_hdr. */
const TYPE_AT = 8;

/** Longer paths keep their end: that is where the pod and the machine are named. */
const CGROUP_CHARS = 192;

export class LiveSource implements Source {
  private readonly buf = Buffer.alloc(DRAIN_BYTES);
  private readonly decoder = new Decoder(new Cursor());
  private readonly lostSeen = [0, 0];
  private readonly open = new OpenDevices();
  private lastLook = 0n;
  /** It was too early to look at the log: soon. */
  private lookSoon = false;
  /** Status of each probe as it was last told. */
  private readonly told = new Map<string, string>();
  private lastTick = 0n;
  private horizon = process.hrtime.bigint();
  private stopping = false;
  /** What the operator wants, what is, and when the probes were let go if that has not been said yet. */
  private wanted: 'attached' | 'detached' = 'attached';
  private is: 'attached' | 'detached' = 'attached';
  private letGoAt: bigint | undefined;
  /** When probes were last attached or let go on need, and whether that has been told in full. */
  private neededAt = 0n;
  private neededTold = true;
  private drained = false;
  private first = true;
  /** Policies named since the last drain, in order. */
  private policies: string[] = [];
  /** Called when probes were attached or let go. */
  onProbes: (probes: readonly ProbeState[]) => void = () => {};

  constructor(
    private readonly shim: Shim,
    /** undefined where it may not be read. */
    private readonly log: KernelLog | undefined,
    private readonly onError: (operation: string, err: Error) => void,
  ) {}

  async next(): Promise<Uint8Array | undefined> {
    if (this.first) {
      this.first = false;
      return this.preamble();
    }
    if (this.drained) return undefined;
    const { length, horizon, modulesChanged } = await this.shim.drain(this.buf, this.patience());
    this.drained = this.stopping && length === 0;
    const drained = this.buf.subarray(0, length);
    const before = [...this.losses(), ...this.policyRecords(), ...this.names(drained)];
    this.horizon = horizon;
    const after = [...this.faults(), ...(await this.attachment(modulesChanged)), ...this.onNeed()];
    if (horizon - this.lastTick >= TICK_NS || this.drained) after.push(this.tick());
    if (before.length === 0 && after.length === 0) return drained;
    return Buffer.concat([...before, drained, ...after]);
  }

  /** How long a drain may wait for records, ms. */
  private patience(): number {
    if (this.stopping || !this.neededTold) return SETTLE_MS;
    return this.lookSoon ? LOOK_SOON_MS : WAIT_MS;
  }

  /** The current drain returns at once; what is in the rings still comes, then the end. */
  stop(): void {
    this.askCounts();
    this.stopping = true;
    this.shim.wake();
  }

  /** Puts into the stream that events from here on are judged by this policy. */
  policy(id: string): void {
    this.policies.push(id);
    if (!this.first) this.shim.wake();
  }

  /** Lets go of all probes, so that modules can be replaced; or takes them up again. */
  want(what: 'attached' | 'detached'): void {
    this.wanted = what;
    this.shim.wake();
  }

  /** The shim is its owner's to close. */
  async close(): Promise<void> {}

  /** What the probes have only counted comes with the next batch: no silence is longer than a tick. */
  private askCounts(): void {
    try {
      this.shim.tell();
    } catch (err) {
      this.onError('asking the probes for their counts', err as Error);
    }
  }

  private tick(): Uint8Array {
    if (!this.stopping) this.askCounts();
    this.lastTick = this.horizon;
    const offset = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
    return encode('tick', { at: this.horizon, wall: this.horizon + offset });
  }

  /** Time first: relative times count from it. Devices open already follow through the ring. */
  private async preamble(): Promise<Uint8Array> {
    await this.shim.inventory();
    return Buffer.concat([this.tick(), ...this.policyRecords(), ...this.probes()]);
  }

  private policyRecords(): Uint8Array[] {
    return this.policies.splice(0).map((name) =>
      encode('probe', {
        at: this.horizon,
        status: ProbeStatusValue.ATTACHED,
        required: 0,
        name,
        probeKind: POLICY,
      }),
    );
  }

  private probes(): Uint8Array[] {
    const probes = this.shim.probes();
    this.onProbes(probes);
    const log = { name: '/dev/kmsg', kind: 'log', status: this.log ? 'attached' : 'unavailable' } as const;
    // Records from before they were attached may still come: they are told as attached after those.
    const early = this.horizon < this.neededAt;
    const changed = [...probes, { ...log, required: false }].filter((p) => {
      if (early && p.status === 'attached') return false;
      const key = `${p.kind} ${p.name}`;
      const same = this.told.get(key) === p.status;
      this.told.set(key, p.status);
      return !same;
    });
    return changed.map((p) =>
      encode('probe', {
        at: this.horizon,
        status: STATUS[p.status],
        required: p.required ? 1 : 0,
        name: p.name,
        probeKind: p.kind,
      }),
    );
  }

  /** Done between two drains, so that the records before it and after it stand on its two sides. */
  private async attachment(modulesChanged: boolean): Promise<Uint8Array[]> {
    if (this.letGoAt !== undefined) {
      if (this.horizon < this.letGoAt) return []; // records from before may still come
      this.letGoAt = undefined;
      return this.probes();
    }
    if (this.wanted !== this.is) return this.wanted === 'detached' ? this.letGo() : this.takeUp();
    return modulesChanged && this.is === 'attached' ? this.attach('attaching to new functions') : [];
  }

  private async letGo(): Promise<Uint8Array[]> {
    this.is = 'detached';
    try {
      await this.shim.detach();
    } catch (err) {
      this.onError('detaching', err as Error);
    }
    this.letGoAt = process.hrtime.bigint();
    this.open.clear();
    return [];
  }

  private takeUp(): Promise<Uint8Array[]> {
    this.is = 'attached';
    return this.attach('attaching again');
  }

  private async attach(operation: string): Promise<Uint8Array[]> {
    try {
      if ((await this.shim.attach()) === 0) return [];
      await this.shim.inventory();
    } catch (err) {
      this.onError(operation, err as Error);
    }
    return this.probes();
  }

  /** Probes that only a halted device wants. */
  private onNeed(): Uint8Array[] {
    if (this.shim.onNeed() > 0) {
      this.neededAt = process.hrtime.bigint();
      this.neededTold = false;
      return this.probes();
    }
    if (this.neededTold || this.horizon < this.neededAt) return [];
    this.neededTold = true;
    return this.probes();
  }

  private losses(): Uint8Array[] {
    const { lost } = this.shim.stats();
    const out: Uint8Array[] = [];
    lost.forEach((n, ring) => {
      const count = n - (this.lostSeen[ring] ?? 0);
      if (count > 0) out.push(encode('lost', { at: this.horizon, ring, count }));
      this.lostSeen[ring] = n;
    });
    return out;
  }

  /** What the kernel log tells; looked at no more often than it can matter. */
  private faults(): Uint8Array[] {
    if (!this.log) return [];
    this.lookSoon = this.horizon - this.lastLook < LOG_EVERY_NS;
    if (this.lookSoon) return [];
    // The log has a clock of its own, which drifts from CLOCK_MONOTONIC where NTP slews that one. What is
    // certain: the line was not there at the last look, nor before the interrupt that it tells of.
    const logged = this.shim.bell() || this.lastLook;
    this.lastLook = this.horizon;
    const traced = this.told.get('raw_tp io_page_fault') === 'attached';
    return this.log
      .faults()
      .filter((fault) => !(traced && fault.traced && this.open.id(fault.bdf)))
      .map(({ write, traced: _, ...fault }) =>
        encode('iommu_fault', {
          at: this.horizon,
          dev: this.open.id(fault.bdf),
          write: write ? 1 : 0,
          ...fault,
          logged,
        }),
      );
  }

  /** A name for each process that has a device open, before its first device is judged. */
  private names(batch: Uint8Array): Uint8Array[] {
    const { cursor } = this.decoder;
    const out: Uint8Array[] = [];
    cursor.reset(batch);
    while (cursor.remaining > 0) {
      const tag = cursor.u32(TYPE_AT);
      const e = tag === EvType.DEVICE || tag === EvType.CLOSE ? this.decoder.current() : undefined;
      if (e?.kind === 'device' && this.open.opened(e.dev, e.name, e.tgid)) out.push(...this.identify(e.tgid));
      if (e?.kind === 'close' && e.last === 1) this.open.closed(e.dev);
      cursor.at += RECORD_SIZES[tag] ?? cursor.remaining;
    }
    return out;
  }

  private identify(tgid: number): Uint8Array[] {
    const hdr = { at: this.horizon, tgid };
    const path = cgroupPath(this.procFile(tgid, 'cgroup'));
    const vm = encode('vm', { ...hdr, ...vmIdentity(this.procFile(tgid, 'cmdline'), path) });
    if (!path || path === '/') return [vm];
    return [vm, encode('cgroup', { ...hdr, path: path.slice(-CGROUP_CHARS) })];
  }

  private procFile(tgid: number, name: string): string {
    try {
      return readFileSync(`/proc/${tgid}/${name}`, 'utf8');
    } catch {
      return ''; // gone already
    }
  }
}
