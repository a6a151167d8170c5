// SPDX-License-Identifier: Apache-2.0
/**
 * The live source: the kernel's records plus those that only the agent can add
 * (ticks, losses, probes, names of VMs), so that the stream can be judged, and
 * replayed, without asking the host anything.
 */
import { readFileSync } from 'node:fs';
import type { KernelLog } from './kernel/kmsg.js';
import type { ProbeState, Shim } from './kernel/shim.js';
import type { Source } from './source.js';
import { Cursor } from './wire/cursor.js';
import { Decoder, encode, ProbeStatusValue, RECORD_SIZES } from './wire/events.gen.js';

const TICK_NS = 1_000_000_000n;
const DRAIN_BYTES = 1 << 20;
const WAIT_MS = 1000;
const LOG_EVERY_NS = 50_000_000n;
/** While stopping: longer than the shim holds records back to order them. */
const LAST_WAIT_MS = 5;

const STATUS: Record<ProbeState['status'], number> = {
  attached: ProbeStatusValue.ATTACHED,
  waiting: ProbeStatusValue.WAITING,
  unavailable: ProbeStatusValue.UNAVAILABLE,
  unknown: ProbeStatusValue.UNAVAILABLE,
};

/** QEMU's -name and -uuid from its command line; empty where there is none. */
export function vmIdentity(cmdline: string): { name: string; uuid: string } {
  const args = cmdline.split('\0');
  const after = (flag: string) => args[args.indexOf(flag) + 1] ?? '';
  const name = args.includes('-name') ? after('-name') : '';
  const guest = /(?:^|,)guest=([^,]*)/.exec(name)?.[1] ?? name.split(',')[0] ?? '';
  return { name: guest, uuid: args.includes('-uuid') ? after('-uuid') : '' };
}

export class LiveSource implements Source {
  private readonly buf = Buffer.alloc(DRAIN_BYTES);
  private readonly decoder = new Decoder(new Cursor());
  private readonly lostSeen = [0, 0];
  private readonly named = new Set<number>();
  /** Open devices by name, for what the log says of them. */
  private readonly devices = new Map<string, number>();
  private lastLook = 0n;
  private lastTick = 0n;
  private horizon = process.hrtime.bigint();
  private stopping = false;
  private drained = false;
  private first = true;
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
    const { length, horizon, modulesChanged } = await this.shim.drain(
      this.buf,
      this.stopping ? LAST_WAIT_MS : WAIT_MS,
    );
    this.drained = this.stopping && length === 0;
    const drained = this.buf.subarray(0, length);
    const before = [...this.losses(), ...this.names(drained)];
    this.horizon = horizon;
    const after = [...this.faults(), ...(modulesChanged ? this.modulesChanged() : [])];
    if (horizon - this.lastTick >= TICK_NS || this.drained) after.push(this.tick());
    if (before.length === 0 && after.length === 0) return drained;
    return Buffer.concat([...before, drained, ...after]);
  }

  /** The current drain returns at once; what is in the rings still comes, then the end. */
  stop(): void {
    this.stopping = true;
    this.shim.wake();
  }

  /** The shim is its owner's to close. */
  async close(): Promise<void> {}

  private tick(): Uint8Array {
    this.lastTick = this.horizon;
    const offset = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
    return encode('tick', { at: this.horizon, wall: this.horizon + offset });
  }

  /** Time first: relative times count from it. Devices open already follow through the ring. */
  private preamble(): Uint8Array {
    this.shim.inventory();
    return Buffer.concat([this.tick(), ...this.probes()]);
  }

  private probes(): Uint8Array[] {
    const probes = this.shim.probes();
    this.onProbes(probes);
    const log = { name: '/dev/kmsg', kind: 'log', status: this.log ? 'attached' : 'unavailable' } as const;
    return [...probes, { ...log, required: false }].map((p) =>
      encode('probe', {
        at: this.horizon,
        status: STATUS[p.status],
        required: p.required ? 1 : 0,
        name: p.name,
        probeKind: p.kind,
      }),
    );
  }

  private modulesChanged(): Uint8Array[] {
    try {
      if (this.shim.attach() === 0) return [];
      this.shim.inventory();
    } catch (err) {
      this.onError('attaching to new modules', err as Error);
    }
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
    if (!this.log || this.horizon - this.lastLook < LOG_EVERY_NS) return [];
    // The log has a clock of its own, which drifts from CLOCK_MONOTONIC where NTP slews that one. What is
    // certain: the line was not there at the last look.
    const logged = this.lastLook;
    this.lastLook = this.horizon;
    return this.log.faults().map(({ write, ...fault }) =>
      encode('iommu_fault', {
        at: this.horizon,
        dev: this.devices.get(fault.bdf) ?? 0,
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
    for (let e = this.decoder.current(); e; e = this.decoder.current()) {
      if (e.kind === 'device') this.devices.set(e.name, e.dev);
      if (e.kind === 'device' && !this.named.has(e.tgid)) {
        this.named.add(e.tgid);
        out.push(encode('vm', { at: this.horizon, tgid: e.tgid, ...this.identify(e.tgid) }));
      }
      cursor.at += RECORD_SIZES[cursor.u32(8)] ?? cursor.remaining;
    }
    return out;
  }

  private identify(tgid: number): { name: string; uuid: string } {
    try {
      return vmIdentity(readFileSync(`/proc/${tgid}/cmdline`, 'utf8'));
    } catch {
      return { name: '', uuid: '' }; // gone already
    }
  }
}
