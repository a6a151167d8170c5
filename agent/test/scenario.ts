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
 * arc FROM TO, irqs MSIX, reset [hot|function] [took=], log start, skips N (state records lost), data write, data release;
 * container1 map|unmap|track|join|leave; probe KIND NAME STATUS; vm NAME.
 * Any record: tid=, tgid=, miss=, late=N (its gen lags N behind). Devices that share the letters of their name share a VM.
 */
import { constants } from 'node:os';
import { MIG_P2P, MIG_PRE_COPY, MIG_STOP_COPY, SAVE, STATE_NAMES, State, isIn } from '../src/model/fsm.js';
import { type EventKind, encode, type RecordFields } from '../src/wire/events.gen.js';
import { path } from './arcs.js';
import { PREAMBLE } from './preamble.js';

const UNITS: Record<string, number> = { '': 1, ns: 1, us: 1e3, ms: 1e6, s: 1e9, min: 60e9 };
const FLAGS: Record<string, number> = { 'stop-copy': MIG_STOP_COPY, p2p: MIG_P2P, 'pre-copy': MIG_PRE_COPY };
const ERRNO: Record<string, number> = { ...constants.errno, ERESTARTSYS: 512 };
const INDEX = ['INTX', 'MSI', 'MSIX', 'ERR', 'REQ'];
const HOW = ['', 'opened', 'found', 'seen'];
const RESETS = ['', 'ioctl', 'hot', 'function'];
const RINGS = ['crit', 'bulk'];
const DIRTY = ['', 'start', 'stop', 'report'];
const STATUS = ['', 'attached', 'waiting', 'unavailable'];
const BASE = 5_000_000_000_000n;

/** A SET_STATE that has entered and not returned. */
interface Call {
  readonly requested: number;
  readonly arcs: number;
  readonly opens: boolean;
  /** Where the driver is if it fails now. */
  readonly stuck: number;
  readonly refused: boolean;
}

interface Device {
  readonly id: number;
  readonly flags: number;
  readonly tgid: number;
  gen: number;
  state: number;
  session: number;
  readonly calls: Map<number, Call>;
}

/** One line, taken apart. */
class Line {
  readonly words: readonly string[];
  private readonly options = new Map<string, string>();
  readonly result: string | undefined;

  constructor(text: string) {
    const words = text.replace(/#.*/, '').trim().split(/\s+/);
    const arrow = words.indexOf('->');
    if (arrow >= 0) this.result = words.splice(arrow, 2)[1] ?? '';
    this.words = words.filter((word) => !word.includes('='));
    for (const word of words) {
      const [key = '', value] = word.split('=');
      if (value !== undefined) this.options.set(key, value);
    }
  }

  word(n: number): string {
    const word = this.words[n];
    if (word === undefined) throw new Error('words are missing');
    return word;
  }

  text(key: string): string | undefined {
    return this.options.get(key);
  }

  num(key: string): number | undefined {
    const text = this.options.get(key);
    return text === undefined ? undefined : number(text);
  }

  ret(otherwise: number): number {
    if (this.result === undefined) return otherwise;
    if (this.result === 'ok') return 0;
    const errno = ERRNO[this.result.slice(1)];
    return this.result.startsWith('-E') && errno ? -errno : number(this.result);
  }
}

function number(text: string): number {
  const n = Number(text);
  if (text === '' || Number.isNaN(n)) throw new Error(`not a number: ${text}`);
  return n;
}

function duration(text: string): bigint {
  const [, n, unit] = /^([\d.]+)([a-z]*)$/.exec(text) ?? [];
  const scale = UNITS[unit ?? '?'];
  if (n === undefined || scale === undefined) throw new Error(`not a time: ${text}`);
  return BigInt(Math.round(Number(n) * scale));
}

function oneOf(names: readonly string[], text: string): number {
  const n = names.indexOf(text);
  if (n < 0) throw new Error(`${text} is none of ${names.filter(Boolean).join(' ')}`);
  return n;
}

const stateNumber = (text: string): number =>
  /^\d/.test(text) ? number(text) : oneOf(STATE_NAMES, text);

function flagWord(text: string): number {
  if (text === 'none') return 0;
  return text.split(',').reduce((bits, name) => bits | (FLAGS[name] ?? oneOf(Object.keys(FLAGS), name)), 0);
}

function position(text: string): bigint {
  const [, name = '', index, offset = ''] = /^(bar|region|config)(\d*)\+(\w+)$/.exec(text) ?? [];
  if (!name) throw new Error(`not a place in a region: ${text}`);
  return (BigInt(name === 'config' ? 7 : number(index ?? '')) << 40n) | BigInt(offset);
}

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
    if (what === 'tick') this.emit('tick', at, line, { wall: at + 1_700_000_000_000_000_000n });
    else if (what === 'lost') {
      this.emit('lost', at, line, { ring: oneOf(RINGS, line.word(2)), count: number(line.word(3)) });
    } else if (what === 'probe') {
      const fields = { probeKind: line.word(2), name: line.word(3), status: oneOf(STATUS, line.word(4)) };
      this.emit('probe', at, line, { ...fields, required: line.num('required') ?? 1 });
    } else if (what === 'vm') this.emit('vm', at, line, { name: line.word(2), uuid: line.text('uuid') ?? '' });
    else if (/^container\d+$/.test(what)) this.container(at, number(what.slice(9)), line);
    else this.device(at, what, line);
  }

  private emit<K extends EventKind>(kind: K, at: bigint, line: Line, fields: RecordFields[K]): void {
    if (at < this.last) throw new Error('time goes back');
    this.last = at;
    const tgid = line.num('tgid') ?? fields.tgid ?? 0;
    const who = { tgid, tid: line.num('tid') ?? tgid, miss: line.num('miss') ?? 0 };
    this.records.push(encode(kind, { ...fields, at, ...who }));
  }

  private container(at: bigint, container: number, line: Line): void {
    const [what, from, size] = [line.word(2), line.words[3], line.words[4]];
    const fields = { container, ret: line.ret(0), flags: line.num('flags') ?? 0, iova: BigInt(from ?? 0) };
    if (what === 'map') this.emit('dma_map', at, line, { ...fields, size: BigInt(size ?? 0) });
    else if (what === 'unmap') this.emit('dma_unmap', at, line, { ...fields, size: BigInt(size ?? 0) });
    else if (what === 'track') {
      this.emit('dirty_log', at, line, { container, ret: fields.ret, op: oneOf(DIRTY, from ?? '') });
    } else {
      const attached = oneOf(['leave', 'join'], what);
      this.emit('container', at, line, { container, ret: fields.ret, group: number(from ?? ''), attached });
    }
  }

  private device(at: bigint, name: string, line: Line): void {
    const what = line.word(2);
    if (HOW.includes(what)) return this.appear(at, name, line);
    const d = this.devices.get(name);
    if (!d) throw new Error(`${name} has not been opened`);
    const hdr = { dev: d.id, tgid: d.tgid, gen: d.gen - (line.num('late') ?? 0) };
    const state = () => ({ ...hdr, gen: ++d.gen });
    switch (what) {
      case 'set':
        return this.enter(at, d, line);
      case '}':
        return this.leave(at, d, line);
      case 'get':
        return this.emit('mig_get', at, line, { ...hdr, state: stateNumber(line.word(3)), ret: line.ret(0) });
      case 'arc': {
        const [cur, next] = [stateNumber(line.word(3)), stateNumber(line.word(4))];
        return this.emit('mig_arc', at, line, { ...state(), cur, next, requested: next, ret: line.ret(0) });
      }
      case 'skips':
        d.gen += number(line.word(3));
        d.state = line.text('now') === undefined ? d.state : stateNumber(line.text('now') ?? '');
        return;
      case 'reopened':
        return this.emit('open', at, line, { ...state(), openCount: line.num('count') ?? 2 });
      case 'closed': {
        const [exit, signal] = [line.num('exit'), line.num('signal')];
        const exiting = exit === undefined && signal === undefined ? 0 : 1;
        const exitCode = ((exit ?? 0) << 8) | (signal ?? 0);
        return this.emit('close', at, line, { ...state(), last: line.num('left') ? 0 : 1, exiting, exitCode });
      }
      case 'reset': {
        const began = at - duration(line.text('took') ?? '1ms');
        const fields = { resetKind: oneOf(RESETS, line.words[3] ?? 'ioctl'), began, ret: line.ret(0) };
        if (fields.ret === 0) d.state = State.RUNNING;
        return this.emit('reset', at, line, { ...state(), ...fields });
      }
      case 'log':
        return this.emit('dirty_log', at, line, { ...hdr, op: oneOf(DIRTY, line.word(3)), ret: line.ret(0) });
      case 'irqs': {
        const fields = { index: oneOf(INDEX, line.word(3)), flags: line.num('flags') ?? 0x24, ret: line.ret(0) };
        return this.emit('set_irqs', at, line, { ...hdr, ...fields, count: line.num('count') ?? 1 });
      }
      case 'region': {
        const count = number(line.word(5));
        const kind = (['region_read', 'region_write'] as const)[oneOf(['read', 'write'], line.word(3))];
        return this.emit(kind ?? 'region_read', at, line, { ...hdr, pos: position(line.word(4)), count, ret: line.ret(count) });
      }
      case 'data':
        return this.data(at, d, line, hdr);
      default:
        throw new Error(`what is ${what}?`);
    }
  }

  private data(at: bigint, d: Device, line: Line, hdr: { dev: number; tgid: number; gen: number }): void {
    const session = line.num('session') ?? d.session;
    // The kernel side knows the device of a data_fd by its session alone.
    const of = session ? { ...hdr, session } : { session };
    const how = oneOf(['read', 'write', 'release'], line.word(3));
    if (how === 2) return this.emit('data_release', at, line, of);
    const ret = line.ret(number(line.words[4] ?? '0'));
    const count = line.num('of') ?? (how === 0 ? 1 << 20 : Math.max(ret, 1));
    this.emit(how === 0 ? 'data_read' : 'data_write', at, line, { ...of, count, ret });
  }

  private appear(at: bigint, name: string, line: Line): void {
    const family = name.replace(/\d+$/, '');
    const tgid = line.num('tgid') ?? this.vms.get(family) ?? 100 * (this.vms.size + 1);
    this.vms.set(family, tgid);
    const how = oneOf(HOW, line.word(2));
    const flags = flagWord(line.text('flags') ?? 'stop-copy,p2p,pre-copy');
    const state = stateNumber(line.text('in') ?? 'RUNNING');
    const d: Device = { id: ++this.ids, flags, tgid, gen: 0, state, session: 0, calls: new Map() };
    this.devices.set(name, d);
    const hdr = { dev: d.id, tgid };
    const place = { container: line.num('container') ?? 0, group: line.num('group') ?? d.id };
    const what = { name, bus: line.word(3), driver: line.word(4), hasMigOps: flags ? 1 : 0, flags };
    this.emit('device', at, line, { ...hdr, ...place, ...what, how, comm: 'qemu-system-x86' });
    if (how === 1) this.emit('open', at, line, { ...hdr, gen: ++d.gen, openCount: 1 });
  }

  private enter(at: bigint, d: Device, line: Line): void {
    const requested = stateNumber(line.word(3));
    const steps = path(d.state, requested, d.flags);
    const refused = typeof steps === 'string';
    const arcs = refused ? 1 : Math.min(line.num('after') ?? steps.length, steps.length - 1);
    const took = duration(line.text('took') ?? `${arcs || 1}us`);
    const hdr = () => ({ dev: d.id, tgid: d.tgid, gen: ++d.gen, requested });
    this.emit('mig_set', at, line, hdr());
    for (let n = 0; n < arcs; n++) {
      const answer = refused
        ? { cur: d.state, ret: -22 }
        : { cur: steps[n] ?? 0, next: steps[n + 1] ?? 0 };
      this.emit('mig_arc', at + (took * BigInt(n)) / BigInt(arcs), line, { ...hdr(), ...answer });
    }
    const opens = !refused && arcs > 0 && (requested === State.RESUMING || (isIn(requested, SAVE) && !steps.every((s) => isIn(s, SAVE))));
    const stuck = refused ? d.state : (steps[Math.max(0, arcs - 1)] ?? d.state);
    const call = { requested, arcs, opens, stuck, refused };
    d.calls.set(line.num('tid') ?? d.tgid, call);
    if (line.words.at(-1) !== '{') this.leave(at + took, d, line);
  }

  private leave(at: bigint, d: Device, line: Line): void {
    const tid = line.num('tid') ?? d.tgid;
    const call = d.calls.get(tid);
    if (!call) throw new Error(`no SET_STATE of thread ${tid} to return from`);
    d.calls.delete(tid);
    const ret = line.ret(call.refused ? -22 : 0);
    const now = line.text('now');
    d.state = now !== undefined ? stateNumber(now) : ret === 0 ? call.requested : call.stuck;
    const opens = ret === 0 && call.opens;
    if (opens) d.session = line.num('session') ?? ++this.sessions;
    const session = opens ? d.session : 0;
    const fields = { requested: call.requested, ret, session, dataFd: opens ? 40 + d.session : -1 };
    this.emit('mig_set_ret', at, line, { dev: d.id, tgid: d.tgid, gen: ++d.gen, ...fields });
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
