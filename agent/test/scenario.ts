// SPDX-License-Identifier: Apache-2.0
/**
 * Scenario text: the log of a migration, turned into the very records that the
 * kernel side would have made.
 *
 *   <time> <device> <what> [key=value ...] [-> result]       # comment
 *
 *   0      dev1 opened pci mlx5_vfio_pci flags=stop-copy,p2p,pre-copy
 *   10ms   dev1 set PRE_COPY                 enter, the arcs that the FSM takes, return; the fd if there is one
 *   20ms   dev1 data read 60
 *   30ms   dev1 region write bar0+0x10 4     also config+0x4, region9+0
 *   35ms   dev1 set STOP_COPY -> -EIO after=1 now=PRE_COPY_P2P   one arc was begun; where that left the device
 *   40ms   dev1 set STOP_COPY tid=7 {        enter and arcs; then things inside the transition;
 *   41ms   dev1 } tid=7 -> ok                then the return
 *   50ms   lost bulk 3
 *   60ms   tick
 *
 * Further: found, seen (a device not seen opening; in=STATE), reopened, closed [exit=|signal=|left=], get STATE,
 * arc FROM TO, irqs MSIX, reset [hot|function|collateral] [took=], log start, skips N (state records lost), data write, data release;
 * mmap bar0+0 SIZE, fault mapped|refused|retried bar0+0 [prefault=1], zap CAUSE, memory-enable, ioeventfd bar0+0 4, irq MSI,
 * repeats KIND COUNT [part= sum= since= ago=], low-power entry|exit, precopy-info N, log-range IOVA SIZE, dirty-bits N FIRST LAST, vcpu N, aer fatal, iommu-fault IOVA [ago=],
 * ioas attach N, msi on|off; container1 map|unmap|gone IOVA SIZE, container1 p2p dev1 bar0+0 IOVA SIZE,
 * v1 region, v1 read|write state|pending|offset|size|data VALUE [of=COUNT] [at=OFFSET];
 * container1 track|join|leave; probe KIND NAME STATUS; vm NAME; cgroup PATH. Found at start: dev1 known STATE,
 * dev1 known-irqs MSIX N, container1 known IOVA SIZE, container1 walked N [complete=0]. dev1 data-fd observed|unseen.
 * Any record: tid=, tgid=, miss=, late=N (its gen lags N behind). Devices that share the letters of their name share a VM.
 */
import { isIn, SAVE, State } from '../src/model/fsm.js';
import { path } from './arcs.js';
import { PREAMBLE } from './preamble.js';
import {
  agents,
  container,
  type Device,
  isV1StateWrite,
  type Made,
  made,
  STATE_WORDS,
  WORDS,
} from './scenario_records.js';
import { duration, flagWord, Line, NAMES, number, oneOf, stateNumber } from './scenario_words.js';

const BASE = 5_000_000_000_000n;

class Writer {
  readonly records: Uint8Array[] = [];
  private readonly devices = new Map<string, Device>();
  private readonly vms = new Map<string, number>();
  private last = 0n;
  private sessions = 0;
  private ids = 0;

  constructor(private readonly base: bigint) {}

  read(line: Line): void {
    const at = this.base + duration(line.word(0));
    const what = line.word(1);
    const own = agents(line, at);
    if (own) this.emit(at, line, own);
    else if (/^container\d+$/.test(what))
      this.emit(
        at,
        line,
        container(line, number(what.slice(9)), (name) => this.of(name).id),
      );
    else if (NAMES.how.includes(line.word(2))) this.appear(at, what, line);
    else this.device(at, what, line);
  }

  private emit(at: bigint, line: Line, make: Made, d?: Device, gen = d?.gen ?? 0): void {
    if (at < this.last) throw new Error('time goes back');
    this.last = at;
    const tgid = line.num('tgid') ?? d?.tgid ?? 0;
    const tid = line.num('tid') ?? tgid;
    this.records.push(make({ at, tgid, tid, miss: line.num('miss') ?? 0, dev: d?.id ?? 0, gen }));
  }

  private emitState(at: bigint, line: Line, make: Made, d: Device): void {
    this.emit(at, line, make, d, ++d.gen);
  }

  private of(name: string): Device {
    const d = this.devices.get(name);
    if (!d) throw new Error(`${name} has not been opened`);
    return d;
  }

  private device(at: bigint, name: string, line: Line): void {
    const what = line.word(2);
    const d = this.of(name);
    const [ofState, other] = [STATE_WORDS[what], WORDS[what]];
    if (other && isV1StateWrite(line)) this.emitState(at, line, other(line, d, at), d);
    else if (ofState) this.emitState(at, line, ofState(line, d, at), d);
    else if (other) {
      // The kernel side knows the device of a data_fd by its session alone.
      const stray = what === 'data' && (line.num('session') ?? d.session) === 0;
      this.emit(
        at,
        line,
        other(line, d, at),
        stray ? undefined : d,
        stray ? 0 : d.gen - (line.num('late') ?? 0),
      );
    } else if (what === 'set') this.enter(at, d, line);
    else if (what === '}') this.leave(at, d, line);
    else if (what === 'skips') {
      d.gen += number(line.word(3));
      d.state = stateNumber(line.text('now') ?? String(d.state));
    } else throw new Error(`what is ${what}?`);
  }

  private appear(at: bigint, name: string, line: Line): void {
    const family = name.replace(/\d+$/, '');
    const tgid = line.num('tgid') ?? this.vms.get(family) ?? 100 * (this.vms.size + 1);
    this.vms.set(family, tgid);
    const how = oneOf(NAMES.how, line.word(2));
    const flags = flagWord(line.text('flags') ?? 'stop-copy,p2p,pre-copy');
    const state = stateNumber(line.text('in') ?? 'RUNNING');
    const d: Device = { id: ++this.ids, flags, tgid, gen: 0, state, session: 0, calls: new Map() };
    this.devices.set(name, d);
    const place = { container: line.num('container') ?? 0, group: line.num('group') ?? d.id };
    const what = { name, bus: line.word(3), driver: line.word(4), hasMigOps: flags ? 1 : 0, flags };
    this.emit(at, line, made('device', { ...place, ...what, how, comm: 'qemu-system-x86' }), d);
    if (how === 1) this.emitState(at, line, made('open', { openCount: 1 }), d);
  }

  private enter(at: bigint, d: Device, line: Line): void {
    const requested = stateNumber(line.word(3));
    const steps = path(d.state, requested, d.flags);
    const refused = typeof steps === 'string';
    const arcs = refused ? 1 : Math.min(line.num('after') ?? steps.length, steps.length - 1);
    const took = duration(line.text('took') ?? `${arcs || 1}us`);
    this.emitState(at, line, made('mig_set', { requested }), d);
    for (let n = 0; n < arcs; n++) {
      const answer = refused ? { cur: d.state, ret: -22 } : { cur: steps[n] ?? 0, next: steps[n + 1] ?? 0 };
      const when = at + (took * BigInt(n)) / BigInt(arcs);
      this.emitState(when, line, made('mig_arc', { ...answer, requested }), d);
    }
    const stays = refused || arcs === 0 || steps.every((state) => isIn(state, SAVE));
    const opens = !stays && (requested === State.RESUMING || isIn(requested, SAVE));
    const stuck = refused ? d.state : (steps[Math.max(0, arcs - 1)] ?? d.state);
    d.calls.set(line.num('tid') ?? d.tgid, { requested, opens, stuck, refused });
    if (line.words.at(-1) !== '{') this.leave(at + took, d, line);
  }

  private leave(at: bigint, d: Device, line: Line): void {
    const tid = line.num('tid') ?? d.tgid;
    const call = d.calls.get(tid);
    if (!call) throw new Error(`no SET_STATE of thread ${tid} to return from`);
    d.calls.delete(tid);
    const ret = line.ret(call.refused ? -22 : 0);
    d.state = stateNumber(line.text('now') ?? String(ret === 0 ? call.requested : call.stuck));
    if (ret === 0 && call.opens) d.session = line.num('session') ?? ++this.sessions;
    const session = ret === 0 && call.opens ? d.session : 0;
    const dataFd = session ? 40 + session : -1;
    this.emitState(at, line, made('mig_set_ret', { requested: call.requested, ret, session, dataFd }), d);
  }
}

/** The records of a scenario, one by one; with a preamble (a tick, every probe attached) unless told not to. */
export function scenario(text: string, { preamble = true, base = BASE } = {}): Uint8Array[] {
  const writer = new Writer(base);
  if (preamble) for (const line of PREAMBLE) writer.read(new Line(line));
  text.split('\n').forEach((raw, n) => {
    if (!raw.replace(/#.*/, '').trim()) return;
    try {
      writer.read(new Line(raw));
    } catch (err) {
      throw new Error(`scenario line ${n + 1}: ${(err as Error).message}\n  ${raw.trim()}`);
    }
  });
  return writer.records;
}
