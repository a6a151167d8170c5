// SPDX-License-Identifier: Apache-2.0
/** What the report draws, gathered while the trace is judged: spans and marks on rows of lanes. */
import type { Device } from '../../model/device.js';
import { stateName } from '../../model/fsm.js';
import type { World } from '../../model/world.js';
import { type EventKind, has, type KernelEvent, type P2pMapEvent } from '../../wire/events.gen.js';
import { errnoName } from '../errno_name.js';
import { eventText } from '../event_text.js';
import { type LaneSink, Lanes } from '../lanes.js';
import { pack, table } from './columns.js';

/** Rows of a lane, in the order in which they are drawn. */
export const ROWS = ['state', 'data', 'mmio', 'irq', 'other', 'dma', 'p2p', 'host'] as const;
type Row = (typeof ROWS)[number];
const rowNumber = (row: Row) => ROWS.indexOf(row);

/** Which row shows a kind of event; what is missing is shown by spans, or not at all. */
const ROW_OF: Partial<Record<EventKind, Row>> = {
  data_read: 'data',
  data_write: 'data',
  region_read: 'mmio',
  region_write: 'mmio',
  v1_access: 'mmio',
  config_write: 'mmio',
  mmap: 'mmio',
  fault: 'mmio',
  zap: 'mmio',
  ioeventfd: 'mmio',
  set_irqs: 'irq',
  irq: 'irq',
  irq_bypass: 'irq',
  memory_enable: 'irq',
  msi_enable: 'irq',
  reset: 'other',
  dirty_log: 'other',
  dirty_bits: 'other',
  precopy_info: 'other',
  low_power: 'other',
  aer: 'other',
  iommu_fault: 'other',
  mig_get: 'other',
  data_release: 'other',
  dma_map: 'dma',
  dma_unmap: 'dma',
  dma_remove: 'dma',
  lost: 'host',
};

/** Spans of the row `state`; others have their text. */
export const SPANS = ['state', 'set', 'arc', 'p2p'] as const;
/** Of the many texts of a long trace, so many are kept; what comes later is called by its kind. */
const MAX_TEXTS = 20_000;
/** Where a state is not known: JSON and columns have it as this. */
const NO_STATE = 8;

interface Open {
  readonly at: number;
  readonly code: number;
  readonly text: string;
}

interface Lane {
  readonly number: number;
  readonly stack: Open[];
  state: Open | undefined;
}

interface OpenP2p {
  readonly lane: number;
  readonly from: number;
  readonly iova: number;
  readonly size: number;
  readonly text: number;
}

export class Collector implements LaneSink {
  private readonly names: { readonly name: string; readonly about: string }[] = [];
  private readonly byName = new Map<string, Lane>();
  private readonly texts = new Map<string, number>();
  private readonly p2p = new Map<number, OpenP2p[]>();
  private readonly lanes: Lanes;
  /** One device of each driver that was seen: what of a data stream is observed depends on it. */
  readonly drivers = new Map<string, Device>();
  private readonly spans = table('from', 'length', 'lane', 'kind', 'code', 'text');
  private readonly marks = table('at', 'lane', 'row', 'value', 'text');

  constructor(private readonly world: World) {
    this.lanes = new Lanes(world, this);
  }

  /** To be called with each event after it has been folded. */
  after(e: KernelEvent): void {
    this.lanes.after(e);
    const row = ROW_OF[e.kind];
    if (row) this.mark(e, row);
    if (e.kind === 'p2p_map' && !e.miss) this.p2pBegins(e);
    else if (e.kind === 'dma_remove' || (e.kind === 'dma_unmap' && e.ret === 0))
      this.p2pEnds(e.container, e.iova, e.size, e.at);
  }

  /** All that the page draws; call it once, at the end. */
  finish(): Buffer {
    this.lanes.finish();
    for (const id of this.p2p.keys()) this.p2pEnds(id, 0, Number.MAX_VALUE, this.world.now);
    const head = { rows: ROWS, spanKinds: SPANS, lanes: this.names, texts: [...this.texts.keys()] };
    return pack({ ...head, end: this.world.now }, { spans: this.spans, marks: this.marks });
  }

  stateBegins(d: Device, state: number, at: number): void {
    this.drivers.set(d.driver, d);
    const text = stateName(state);
    this.ofDevice(d).state = { at, code: state < 0 || state > 7 ? NO_STATE : state, text };
  }

  stateEnds(d: Device, at: number): void {
    const lane = this.ofDevice(d);
    if (lane.state) this.span(lane, 'state', lane.state, at);
    lane.state = undefined;
  }

  setBegins(d: Device, requested: number, at: number): void {
    const text = `SET_STATE ${stateName(requested)}`;
    this.ofDevice(d).stack.push({ at, code: 0, text });
  }

  setEnds(d: Device, ret: number | undefined, at: number): void {
    const lane = this.ofDevice(d);
    const open = lane.stack.pop();
    if (!open) return;
    const how = ret === undefined ? 'return not seen' : ret < 0 ? errnoName(ret) : 'ok';
    this.span(lane, 'set', { ...open, code: ret === 0 ? 0 : 1, text: `${open.text}: ${how}` }, at);
  }

  arcBegins(d: Device, from: number, to: number, at: number): void {
    const text = `arc ${stateName(from)} → ${stateName(to)}`;
    this.ofDevice(d).stack.push({ at, code: to > 7 ? NO_STATE : to, text });
  }

  arcEnds(d: Device, at: number): void {
    const lane = this.ofDevice(d);
    const open = lane.stack.pop();
    if (open) this.span(lane, 'arc', open, at);
  }

  private mark(e: KernelEvent, row: Row): void {
    const lane = this.laneOf(e);
    if (lane === undefined) return;
    const bus = this.world.devices.get(e.dev)?.bus ?? 'pci';
    this.marks.at.push(Math.max(0, e.at));
    this.marks.lane.push(lane);
    this.marks.row.push(rowNumber(row));
    this.marks.value.push(this.valueOf(e));
    this.marks.text.push(this.text(eventText(e, bus), e.kind));
  }

  /** Bytes moved; of a mapping, what is mapped now; else a plain one. */
  private valueOf(e: KernelEvent): number {
    if (e.kind === 'data_read') return Math.max(0, e.ret);
    if (e.kind === 'data_write') return -Math.max(0, e.ret);
    if (e.kind === 'dma_map' || e.kind === 'dma_unmap' || e.kind === 'dma_remove')
      return Math.min(this.world.containers.get(e.container)?.mappedBytes ?? 0, Number.MAX_SAFE_INTEGER / 2);
    return 1;
  }

  private laneOf(e: KernelEvent): number | undefined {
    if (e.kind === 'lost') return this.lane('host', 'records lost').number;
    if (e.dev === 0) {
      if (!has(e, 'container') || !e.container) return undefined;
      return this.ofContainer(e.container);
    }
    const d = this.world.devices.get(e.dev);
    return d && this.ofDevice(d).number;
  }

  private ofContainer(id: number): number {
    return this.lane(`container ${id}`, 'DMA mappings').number;
  }

  private ofDevice(d: Device): Lane {
    const vm = this.world.vmOf(d);
    return this.lane(d.name, `${d.driver}${vm ? `, ${vm}` : ''}`);
  }

  private lane(name: string, about: string): Lane {
    const known = this.byName.get(name);
    if (known) return known;
    const lane = { number: this.names.push({ name, about }) - 1, stack: [], state: undefined };
    this.byName.set(name, lane);
    return lane;
  }

  private text(text: string, kind?: string): number {
    const known = this.texts.get(text);
    if (known !== undefined) return known;
    if (kind !== undefined && this.texts.size >= MAX_TEXTS) return this.text(kind);
    this.texts.set(text, this.texts.size);
    return this.texts.size - 1;
  }

  private span(lane: Lane, kind: (typeof SPANS)[number], { at, code, text }: Open, end: number): void {
    this.add(lane.number, kind, at, end, code, this.text(text));
  }

  private add(
    lane: number,
    kind: (typeof SPANS)[number],
    from: number,
    end: number,
    code: number,
    text: number,
  ) {
    const start = Math.max(0, from);
    this.spans.from.push(start);
    this.spans.length.push(Math.max(0, end - start));
    this.spans.lane.push(lane);
    this.spans.kind.push(SPANS.indexOf(kind));
    this.spans.code.push(code);
    this.spans.text.push(text);
  }

  private p2pBegins(e: P2pMapEvent): void {
    this.p2pEnds(e.container, e.iova, e.size, e.at);
    const open = this.p2p.get(e.container) ?? [];
    const target = this.world.devices.get(e.target)?.name ?? `device #${e.target}`;
    const text = this.text(`P2P: BAR of ${target} at iova ${e.iovaHex}`, 'p2p_map');
    open.push({ lane: this.ofContainer(e.container), from: e.at, iova: e.iova, size: e.size, text });
    this.p2p.set(e.container, open);
  }

  private p2pEnds(container: number, iova: number, size: number, at: number): void {
    const open = this.p2p.get(container);
    if (!open?.length) return;
    const stays: OpenP2p[] = [];
    for (const one of open) {
      if (one.iova >= iova && one.iova < iova + size) this.add(one.lane, 'p2p', one.from, at, 0, one.text);
      else stays.push(one);
    }
    this.p2p.set(container, stays);
  }
}
