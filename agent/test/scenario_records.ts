// SPDX-License-Identifier: Apache-2.0
/** The records that a scenario's words stand for, but for their headers. A new kind of record gets its word here. */
import { State } from '../src/model/fsm.js';
import { type EventKind, EvType, encode, type RecordFields } from '../src/wire/events.gen.js';
import { duration, type Line, NAMES, number, oneOf, position, stateNumber } from './scenario_words.js';

/** A SET_STATE that has entered and not returned. */
export interface Call {
  readonly requested: number;
  readonly opens: boolean;
  /** Where the driver is if it fails now. */
  readonly stuck: number;
  readonly refused: boolean;
}

export interface Device {
  readonly id: number;
  readonly flags: number;
  readonly tgid: number;
  gen: number;
  state: number;
  session: number;
  readonly calls: Map<number, Call>;
}

/** A record but for its header. */
export type Made = (hdr: RecordFields['tick']) => Uint8Array;
export const made =
  <K extends EventKind>(kind: K, fields: RecordFields[K]): Made =>
  (hdr) =>
    encode(kind, { ...fields, ...hdr });

function region(line: Line): Made {
  const count = number(line.word(5));
  const fields = { pos: position(line.word(4)), count, ret: line.ret(count) };
  const write = oneOf(['read', 'write'], line.word(3)) === 1;
  if (write && line.word(4).startsWith('config')) {
    const offset = BigInt.asUintN(40, fields.pos);
    return made('config_write', { offset, count, ret: fields.ret, value: line.num('value') ?? 0 });
  }
  return write ? made('region_write', fields) : made('region_read', fields);
}

function data(line: Line, d: Device): Made {
  const session = line.num('session') ?? d.session;
  const how = oneOf(['release', 'read', 'write'], line.word(3));
  const ret = line.ret(number(line.words[4] ?? '0'));
  if (how === 0) return made('data_release', { session });
  const count = line.num('of') ?? (how === 1 ? 1 << 20 : Math.max(ret, 1));
  return how === 1 ? made('data_read', { session, count, ret }) : made('data_write', { session, count, ret });
}

function irqs(line: Line): Made {
  const [index, flags, count] = [
    oneOf(NAMES.index, line.word(3)),
    line.num('flags') ?? 0x24,
    line.num('count') ?? 1,
  ];
  return made('set_irqs', { index, flags, count, ret: line.ret(0) });
}

function closed(line: Line): Made {
  const [exit, signal] = [line.num('exit'), line.num('signal')];
  const exiting = exit === undefined && signal === undefined ? 0 : 1;
  const exitCode = ((exit ?? 0) << 8) | (signal ?? 0);
  return made('close', { last: line.num('left') ? 0 : 1, exiting, exitCode });
}

function reset(line: Line, d: Device, at: bigint): Made {
  const ret = line.ret(0);
  if (ret === 0) d.state = State.RUNNING;
  const resetKind = oneOf(NAMES.reset, line.words[3] ?? 'ioctl');
  return made('reset', { resetKind, began: at - duration(line.text('took') ?? '1ms'), ret });
}

function arc(line: Line): Made {
  const [cur, next] = [stateNumber(line.word(3)), stateNumber(line.word(4))];
  return made('mig_arc', { cur, next, requested: next, ret: line.ret(0) });
}

const FAULTS = { mapped: 0x100, refused: 0x2, retried: 0x800 };

function fault(line: Line): Made {
  const names = Object.keys(FAULTS);
  const ret = Object.values(FAULTS)[oneOf(names, line.word(3))] ?? 0;
  const [order, prefault] = [line.num('order') ?? 0, line.num('prefault') ?? 0];
  return made('fault', { pos: position(line.word(4)), ret, order, prefault });
}

function ioeventfd(line: Line): Made {
  const [pos, count, value] = [position(line.word(3)), number(line.word(4)), line.num('value') ?? 0];
  return made('ioeventfd', { pos, count, value });
}

/** What a line of dirty tracking is about: all memory, unless it says. */
function tracked(line: Line, from: number): RecordFields['dirty_log'] {
  const [iova, size] = [line.words[from] ?? '0', line.words[from + 1] ?? '0x80000000'];
  return { iova: BigInt(iova), size: BigInt(size), pageSize: 4096, ret: line.ret(0) };
}

/** `dirty-bits N [FIRST LAST] [partial=1]`: what the report on the next line holds. */
function dirtyBits(line: Line): Made {
  const [first, last] = [BigInt(line.words[4] ?? 0), BigInt(line.words[5] ?? 0)];
  const bits = number(line.word(3));
  return made('dirty_bits', { bits, first, last, partial: line.num('partial') ?? 0, pageSize: 4096 });
}

function aer(line: Line): Made {
  const aerSeverity = oneOf(['nonfatal', 'fatal', 'correctable'], line.word(3));
  return made('aer', { aerSeverity, status: line.num('status') ?? 0x100000, bdf: '0000:00:01.0' });
}

/** `iommu-fault IOVA [ago=DURATION]`: read from the kernel's log now, logged so long before. */
function iommuFault(line: Line, _d: Device, at: bigint): Made {
  const logged = at - duration(line.text('ago') ?? '0');
  return made('iommu_fault', {
    logged,
    iova: BigInt(line.word(3)),
    write: 1,
    reason: 5,
    bdf: '0000:3b:00.2',
  });
}

function ioas(line: Line): Made {
  const container = oneOf(['detach', 'attach'], line.word(3)) * number(line.words[4] ?? '0');
  return made('ioas', { container, ptId: container, ret: line.ret(0) });
}

function precopyInfo(line: Line, d: Device): Made {
  const [ret, session] = [line.ret(0), line.num('session') ?? d.session];
  const initialBytes = ret < 0 ? 0 : number(line.word(3));
  return made('precopy_info', { session, ret, initialBytes, dirtyBytes: line.num('dirty') ?? 0 });
}

/** `repeats region_read N part=0 sum=BYTES since=DURATION`: the last of them just now, unless said to be `ago`. */
function repeats(line: Line, _d: Device, at: bigint): Made {
  const of = EvType[line.word(3).toUpperCase() as keyof typeof EvType];
  if (of === undefined) throw new Error(`not a kind: ${line.word(3)}`);
  const last = at - duration(line.text('ago') ?? '0');
  const first = last - duration(line.text('since') ?? '0');
  const [count, part, sum] = [number(line.word(4)), line.num('part') ?? 0, line.num('sum') ?? 0];
  return made('repeats', { of, part, count, sum, first, last });
}

const V1_REGISTERS = { state: 0, pending: 8, offset: 16, size: 24, data: 4096 };

/** `v1 read|write REGISTER VALUE`; of `data` the value is its length. */
function v1Access(line: Line): Made {
  const names = Object.keys(V1_REGISTERS);
  const register = oneOf(names, line.word(4));
  const value = number(line.word(5));
  const count = line.num('of') ?? (register === 0 ? 4 : line.word(4) === 'data' ? value : 8);
  const offset = line.num('at') ?? Object.values(V1_REGISTERS)[register] ?? 0;
  const write = oneOf(['read', 'write'], line.word(3));
  return made('v1_access', { offset, count, value, ret: line.ret(count), write });
}

export const isV1StateWrite = (line: Line): boolean =>
  line.word(2) === 'v1' && line.word(3) === 'write' && line.word(4) === 'state' && !line.num('at');

function v1(line: Line): Made {
  if (line.word(3) !== 'region') return v1Access(line);
  return made('v1_region', { index: line.num('index') ?? 9, pciLayout: line.num('pci') ?? 1, size: 8192 });
}

/** Words of one record each: those that count as state records, and the others. */
export const STATE_WORDS: Record<string, (line: Line, d: Device, at: bigint) => Made> = {
  reopened: (line) => made('open', { openCount: line.num('count') ?? 2 }),
  closed,
  reset,
  arc,
};
export const WORDS: Record<string, (line: Line, d: Device, at: bigint) => Made> = {
  repeats,
  get: (line) => made('mig_get', { state: stateNumber(line.word(3)), ret: line.ret(0) }),
  log: (line) => made('dirty_log', { ...tracked(line, 4), op: oneOf(NAMES.dirty, line.word(3)) }),
  'log-range': (line) => made('dirty_range', { iova: BigInt(line.word(3)), size: BigInt(line.word(4)) }),
  'dirty-bits': dirtyBits,
  irqs,
  region,
  data,
  mmap: (line) => made('mmap', { pos: position(line.word(3)), size: number(line.word(4)), ret: line.ret(0) }),
  fault,
  zap: (line) => made('zap', { cause: oneOf(NAMES.zap, line.word(3)) }),
  'memory-enable': () => made('memory_enable', {}),
  ioeventfd,
  irq: (line) => made('irq', { irqKind: oneOf(NAMES.irq, line.word(3)), irq: line.num('irq') ?? 33 }),
  vcpu: (line) => made('vcpu_entry', { vcpu: number(line.word(3)) }),
  aer,
  'iommu-fault': iommuFault,
  ioas,
  msi: (line) => made('msi_enable', { index: 1, enabled: oneOf(['off', 'on'], line.word(3)) }),
  'low-power': (line) => made('low_power', { feature: oneOf(NAMES.power, line.word(3)), ret: line.ret(0) }),
  'precopy-info': precopyInfo,
  known: (line) =>
    made('known_state', { state: stateNumber(line.word(3)), certainty: line.num('certainty') ?? 1 }),
  'known-irqs': (line) =>
    made('known_irqs', {
      index: oneOf(NAMES.index, line.word(3)),
      count: number(line.word(4)),
      certainty: 1,
    }),
  'data-fd': (line, d) =>
    made('data_fd', { session: d.session, observed: oneOf(['unseen', 'observed'], line.word(3)) }),
  v1,
};

/** A mapping of a BAR: `p2p dev1 bar0+0 IOVA SIZE`. */
function p2p(line: Line, id: number, target: number): Made {
  const [iova, size] = [BigInt(line.word(5)), BigInt(line.word(6))];
  return made('p2p_map', { container: id, target, pos: position(line.word(4)), iova, size });
}

export function container(line: Line, id: number, idOf: (name: string) => number): Made {
  const [what, from, length] = [line.word(2), line.word(3), line.words[4]];
  if (what === 'p2p') return p2p(line, id, idOf(from));
  if (what === 'gone')
    return made('dma_remove', { container: id, iova: BigInt(from), size: BigInt(length ?? 0) });
  if (what === 'known')
    return made('known_mapping', {
      container: id,
      certainty: 1,
      iova: BigInt(from),
      size: BigInt(length ?? 0),
    });
  if (what === 'walked') {
    const [complete, tracking] = [line.num('complete') ?? 1, line.num('tracking') ?? 0];
    return made('known_container', { container: id, mappings: number(from), complete, tracking });
  }
  const fields = { container: id, ret: line.ret(0) };
  if (what === 'track')
    return made('dirty_log', { ...fields, ...tracked(line, 4), op: oneOf(NAMES.dirty, from) });
  if (what === 'join' || what === 'leave')
    return made('container', { ...fields, group: number(from), attached: what === 'join' ? 1 : 0 });
  const range = { flags: line.num('flags') ?? 0, iova: BigInt(from), size: BigInt(length ?? 0) };
  const unmap = oneOf(['map', 'unmap'], what);
  return unmap ? made('dma_unmap', { ...fields, ...range }) : made('dma_map', { ...fields, ...range });
}

export function agents(line: Line, at: bigint): Made | undefined {
  switch (line.word(1)) {
    case 'tick':
      return made('tick', { wall: at + 1_700_000_000_000_000_000n });
    case 'lost':
      return made('lost', { ring: oneOf(NAMES.ring, line.word(2)), count: number(line.word(3)) });
    case 'probe': {
      const fields = {
        probeKind: line.word(2),
        name: line.word(3),
        status: oneOf(NAMES.probe, line.word(4)),
      };
      return made('probe', { ...fields, required: line.num('required') ?? 1 });
    }
    case 'vm':
      return made('vm', { name: line.word(2), uuid: line.text('uuid') ?? '' });
    case 'cgroup':
      return made('cgroup', { path: line.word(2) });
    default:
      return undefined;
  }
}
