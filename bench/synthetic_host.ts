// SPDX-License-Identifier: Apache-2.0
/**
 * A busy host, made up: VMs whose devices migrate away and back without end, as the records that the
 * kernel side would make. The same options give the same bytes. Nobody does anything wrong here, unless
 * told to (`liars`).
 *
 * The mix is that of the most there can be: every event has a record of its own. By default the probes give one to
 * the first 64 events of a kind in a state only, and count the rest (docs/contract.md), so that a real host makes
 * some hundred records a migration; what floods an agent, or fills a trace, is a host with --limit.per-kind raised.
 * There, nearly all is what a migration does in bulk: a read() or write() of the data_fd for every MiB, and the
 * dirty reports of pre-copy. Devices that run make no records of accesses and interrupts: the probes let them pass.
 * Starts of VMs, with all their mappings, come between.
 */

import { MIG_P2P, MIG_PRE_COPY, MIG_STOP_COPY, State } from '../agent/src/model/fsm.js';
import {
  DirtyOpValue,
  type EventKind,
  encode,
  IrqKindValue,
  ProbeStatusValue,
  type RecordFields,
  ZapCauseValue,
} from '../agent/src/wire/events.gen.js';
import { path } from '../agent/test/arcs.js';
import { PREAMBLE } from '../agent/test/preamble.js';

export interface HostOptions {
  readonly vms: number;
  readonly devicesPerVm: number;
  /** DMA mappings of each VM's container, of which `P2P_PER_DEVICE` a device are of BARs. */
  readonly mappings: number;
  /** VMs that migrate at the same time. */
  readonly active: number;
  /** Of these, how many let a stopped device be read and interrupt. */
  readonly liars: number;
}

export const BUSY_HOST: HostOptions = { vms: 64, devicesPerVm: 4, mappings: 10_000, active: 16, liars: 1 };

const FLAGS = MIG_STOP_COPY | MIG_P2P | MIG_PRE_COPY;
const P2P_PER_DEVICE = 4;
const START = 5_000_000_000_000n;
/** Time from one record to the next: 100,000 records a second. */
const STEP_NS = 10_000n;
const TICK_NS = 1_000_000_000n;
const PAGE = 0x1000n;
const MIB = 1 << 20;
const BAR = 2n ** 40n;
const CONFIG = 7n * BAR;
/** Records of a phase, per device: some 4 s of pre-copy, 0.1 s of each phase in which the guest waits. */
const PRE_COPY_RECORDS = 6000;
const HALTED_RECORDS = 150;
const RESUMING_RECORDS = 3000;
/** After so many migrations the VM ends: its devices are closed, its container goes, a new one starts. */
const MIGRATIONS_PER_LIFE = 8;

interface Device {
  readonly name: string;
  readonly group: number;
  dev: number;
  gen: number;
  state: number;
  session: number;
}

interface Vm {
  readonly tgid: number;
  readonly lies: boolean;
  container: number;
  readonly devices: readonly Device[];
}

/** Records whose time is still to be set. */
type Records = Generator<Uint8Array, void>;

export class SyntheticHost {
  private at = START;
  private nextTick = START;
  private ids = 0;
  private containers = 0;
  private sessions = 0;
  private readonly lives: Records[];
  private turn = 0;
  private pending: Uint8Array | undefined;
  /** Records made so far, by kind's tag. */
  readonly mix: number[] = [];
  made = 0;

  constructor(private readonly options: HostOptions) {
    const vms = Array.from({ length: options.vms }, (_, n) => this.vm(n));
    this.start = [...vms].map((vm) => this.boot(vm));
    const { active } = options;
    // Each slot migrates its share of the VMs, one after the other.
    this.lives = Array.from({ length: Math.min(active, vms.length) }, (_, slot) =>
      this.life(vms.filter((_vm, n) => n % active === slot)),
    );
  }

  private readonly start: Records[];

  /** Fills `into` with whole records; how many bytes that was. */
  fill(into: Uint8Array): number {
    const view = new DataView(into.buffer, into.byteOffset, into.byteLength);
    let length = 0;
    for (;;) {
      const record = this.pending ?? this.next();
      if (length + record.length > into.length) {
        this.pending = record;
        return length;
      }
      this.pending = undefined;
      into.set(record, length);
      this.at += STEP_NS;
      view.setBigUint64(length, this.at, true);
      const tag = view.getUint32(length + 8, true);
      this.mix[tag] = (this.mix[tag] ?? 0) + 1;
      this.made++;
      length += record.length;
    }
  }

  private next(): Uint8Array {
    if (this.at >= this.nextTick) {
      this.nextTick = this.at + TICK_NS;
      return encode('tick', { at: this.at, wall: this.at + 1_700_000_000_000_000_000n });
    }
    for (let booting = this.start[0]; booting; booting = this.start[0]) {
      const record = booting.next();
      if (!record.done) return record.value;
      this.start.shift();
    }
    this.turn = (this.turn + 1) % this.lives.length;
    const record = this.lives[this.turn]?.next();
    if (!record || record.done) throw new Error('a life has no end');
    return record.value;
  }

  private vm(n: number): Vm {
    const { devicesPerVm, liars } = this.options;
    const devices = Array.from({ length: devicesPerVm }, (_, i) => ({
      name: `0000:${(n + 1).toString(16).padStart(2, '0')}:00.${i}`,
      group: 1 + n * devicesPerVm + i,
      dev: 0,
      gen: 0,
      state: State.RUNNING as number,
      session: 0,
    }));
    return { tgid: 1000 + n, lies: n < liars, container: 0, devices };
  }

  private record<K extends EventKind>(kind: K, vm: Vm, d: Device | undefined, fields: RecordFields[K]) {
    return encode(kind, { tgid: vm.tgid, tid: vm.tgid, dev: d?.dev ?? 0, gen: d?.gen ?? 0, ...fields });
  }

  private state<K extends EventKind>(kind: K, vm: Vm, d: Device, fields: RecordFields[K]): Uint8Array {
    d.gen++;
    return this.record(kind, vm, d, fields);
  }

  /** A VM starts: the container with all its mappings, then the devices. */
  private *boot(vm: Vm): Records {
    if (this.ids === 0) yield* probes();
    vm.container = ++this.containers;
    const { container } = vm;
    yield this.record('vm', vm, undefined, { name: `guest${vm.tgid}` });
    for (const d of vm.devices)
      yield this.record('container', vm, undefined, { container, group: d.group, attached: 1 });
    for (const d of vm.devices) {
      d.dev = ++this.ids;
      d.gen = 0;
      d.state = State.RUNNING;
      const what = { name: d.name, driver: 'mlx5_vfio_pci', bus: 'pci', comm: 'qemu-system-x86' };
      const place = { group: d.group, container, flags: FLAGS, hasMigOps: 1, hasLogOps: 1, how: 1 };
      yield this.record('device', vm, d, { ...what, ...place });
      yield this.state('open', vm, d, { openCount: 1 });
      yield this.record('zap', vm, d, { cause: ZapCauseValue.RESET });
      yield this.state('reset', vm, d, { resetKind: 1 });
      yield this.record('set_irqs', vm, d, { flags: 0x24, index: 2, count: 8 });
    }
    for (let n = 0; n < this.options.mappings; n++) {
      const range = { container, iova: BigInt(n) * 512n * PAGE, size: PAGE * 512n };
      yield this.record('dma_map', vm, undefined, { ...range, flags: 3 });
      const target = vm.devices[n % vm.devices.length];
      if (target && n < vm.devices.length * P2P_PER_DEVICE)
        yield this.record('p2p_map', vm, undefined, { ...range, target: target.dev, pos: 2n * BAR });
    }
  }

  private *shutDown(vm: Vm): Records {
    const { container } = vm;
    for (const d of vm.devices) yield this.state('close', vm, d, { last: 1, exiting: 1 });
    for (const d of vm.devices)
      yield this.record('container', vm, undefined, { container, group: d.group, attached: 0 });
    for (let n = 0; n < this.options.mappings; n++)
      yield this.record('dma_remove', vm, undefined, {
        container,
        iova: BigInt(n) * 512n * PAGE,
        size: PAGE * 512n,
      });
  }

  private *life(vms: readonly Vm[]): Records {
    for (;;) {
      for (const vm of vms) {
        for (let n = 0; n < MIGRATIONS_PER_LIFE; n++) {
          yield* this.away(vm);
          yield* this.back(vm);
        }
        yield* this.shutDown(vm);
        yield* this.boot(vm);
      }
    }
  }

  /** The source's side: pre-copy, quiesced together, stopped, drained. */
  private *away(vm: Vm): Records {
    for (const d of vm.devices) yield this.record('dirty_log', vm, d, { op: DirtyOpValue.START });
    for (const d of vm.devices) yield* this.set(vm, d, State.PRE_COPY);
    yield* deck(
      vm.devices.map((d) => this.preCopy(vm, d)),
      PRE_COPY_RECORDS,
    );
    for (const d of vm.devices) yield* this.set(vm, d, State.PRE_COPY_P2P);
    yield* deck(
      vm.devices.map((d) => this.quiet(vm, d)),
      HALTED_RECORDS,
    );
    for (const d of vm.devices) yield* this.set(vm, d, State.STOP_COPY);
    yield* deck(
      vm.devices.map((d) => this.stopCopy(vm, d)),
      HALTED_RECORDS,
    );
    if (vm.lies)
      yield* deck(
        vm.devices.map((d) => this.lies(vm, d)),
        HALTED_RECORDS,
      );
    for (const d of vm.devices)
      yield this.record('data_read', vm, d, { session: d.session, count: MIB, ret: 0 });
    for (const d of vm.devices) yield* this.set(vm, d, State.STOP);
    for (const d of vm.devices) yield this.record('data_release', vm, d, { session: d.session });
    for (const d of vm.devices) yield this.record('dirty_log', vm, d, { op: DirtyOpValue.STOP });
  }

  /** The destination's side, in the same process to keep it simple. */
  private *back(vm: Vm): Records {
    for (const d of vm.devices) yield* this.set(vm, d, State.RESUMING);
    yield* deck(
      vm.devices.map((d) => this.resuming(vm, d)),
      RESUMING_RECORDS,
    );
    for (const d of vm.devices) yield* this.set(vm, d, State.RUNNING_P2P);
    for (const d of vm.devices) yield this.record('data_release', vm, d, { session: d.session });
    for (const d of vm.devices) yield* this.set(vm, d, State.RUNNING);
    for (const d of vm.devices) yield this.record('set_irqs', vm, d, { flags: 0x24, index: 2, count: 8 });
  }

  private *set(vm: Vm, d: Device, requested: number): Records {
    const steps = path(d.state, requested, FLAGS);
    if (typeof steps === 'string') throw new Error(`${d.state} to ${requested}: ${steps}`);
    yield this.state('mig_set', vm, d, { requested });
    for (let n = 1; n < steps.length; n++)
      yield this.state('mig_arc', vm, d, { cur: steps[n - 1] ?? 0, requested, next: steps[n] ?? 0 });
    d.state = requested;
    const opens = requested === State.PRE_COPY || requested === State.RESUMING;
    if (opens) d.session = ++this.sessions;
    const [session, dataFd] = opens ? [d.session, 40] : [0, -1];
    yield this.state('mig_set_ret', vm, d, { requested, dataFd, session });
  }

  private preCopy(vm: Vm, d: Device): Deck {
    const { container } = vm;
    const { session } = d;
    const read = this.record('data_read', vm, d, { session, count: MIB, ret: MIB });
    const empty = this.record('data_read', vm, d, { session, count: MIB, ret: -42 });
    const fields = { op: DirtyOpValue.REPORT, iova: 0, size: 1n << 30n, pageSize: PAGE };
    const report = this.record('dirty_log', vm, d, fields);
    const info = this.record('precopy_info', vm, d, { session, initialBytes: 0, dirtyBytes: 4096 });
    const range = { container, iova: 0xfd00_0000_0000n, size: PAGE };
    const map = this.record('dma_map', vm, undefined, { ...range, flags: 3 });
    const bar = this.record('p2p_map', vm, undefined, { ...range, target: d.dev, pos: 4n * BAR });
    const removed = this.record('dma_remove', vm, undefined, range);
    const unmap = this.record('dma_unmap', vm, undefined, range);
    const irqs = this.record('set_irqs', vm, d, { flags: 0x24, index: 2, count: 1 });
    const reads = (n: number) => Array<Uint8Array>(n).fill(read);
    const reports = Array<Uint8Array>(6).fill(report);
    return [
      ...reads(36),
      empty,
      ...reports,
      info,
      ...reads(44),
      irqs,
      ...reports,
      [map, bar, removed, unmap],
      empty,
    ];
  }

  /** Quiesced: config space is still read, interrupts under way arrive. */
  private quiet(vm: Vm, d: Device): Uint8Array[] {
    const read = this.record('region_read', vm, d, { pos: CONFIG + 0x40n, count: 4, ret: 4 });
    const irq = this.record('irq', vm, d, { irqKind: IrqKindValue.MSI, irq: 40 });
    const get = this.record('mig_get', vm, d, { state: d.state });
    return [irq, irq, read, irq, get];
  }

  private stopCopy(vm: Vm, d: Device): Uint8Array[] {
    const { session } = d;
    const read = this.record('data_read', vm, d, { session, count: MIB, ret: MIB });
    const report = this.record('dirty_log', vm, d, { op: DirtyOpValue.REPORT, size: 1n << 30n });
    const config = this.record('region_read', vm, d, { pos: CONFIG + 4n, count: 2, ret: 2 });
    return [read, read, read, read, config, read, read, read, report, config];
  }

  /** What must not be: a BAR of a stopped device is read, touched and moved, and it interrupts. */
  private lies(vm: Vm, d: Device): Uint8Array[] {
    const read = this.record('region_read', vm, d, { pos: 0x10n, count: 4, ret: 4 });
    const fault = this.record('fault', vm, d, { pos: 2n * BAR, ret: 0x100 });
    const irq = this.record('irq', vm, d, { irqKind: IrqKindValue.MSI, irq: 40 });
    const config = this.record('config_write', vm, d, { offset: 0x10, count: 4, value: 0, ret: 4 });
    return [read, fault, irq, config];
  }

  private resuming(vm: Vm, d: Device): Uint8Array[] {
    const { session } = d;
    const write = this.record('data_write', vm, d, { session, count: MIB, ret: MIB });
    const config = this.record('region_read', vm, d, { pos: CONFIG + 4n, count: 2, ret: 2 });
    const fault = this.record('fault', vm, d, { pos: 2n * BAR, ret: 0x100, prefault: 1 });
    return [...Array<Uint8Array>(18).fill(write), config, fault];
  }
}

/** Records; those that one thread makes in a row stay together. */
type Deck = readonly (Uint8Array | readonly Uint8Array[])[];

/** `n` times the next of each deck, the decks by turns. */
function* deck(decks: readonly Deck[], n: number): Records {
  for (let i = 0; i < n; i++)
    for (const records of decks) {
      const next = records[i % records.length];
      if (next instanceof Uint8Array) yield next;
      else if (next) yield* next;
    }
}

function* probes(): Records {
  for (const line of PREAMBLE) {
    const [, what, probeKind = '', name = ''] = line.split(' ');
    if (what === 'probe')
      yield encode('probe', { at: START, status: ProbeStatusValue.ATTACHED, required: 1, probeKind, name });
  }
}
