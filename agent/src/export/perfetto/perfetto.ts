// SPDX-License-Identifier: Apache-2.0
/** A judged trace for Perfetto: tracks of each device, counters, and an arrow from each cause to its finding. */
import type { Device } from '../../model/device.js';
import { stateName } from '../../model/fsm.js';
import type { World } from '../../model/world.js';
import type { Violation } from '../../rules/finding.js';
import { has, type KernelEvent } from '../../wire/events.gen.js';
import { errnoName } from '../errno_name.js';
import { eventText } from '../event_text.js';
import { type LaneSink, Lanes } from '../lanes.js';
import { EventType, event, track, Unit } from './packets.js';

const HOST = 'host';
/** A finding that comes later than so many events after its own has no arrow. */
const MAX_CAUSES = 100_000;

export class PerfettoExport implements LaneSink {
  private readonly tracks = new Map<string, number>();
  private readonly lanes: Lanes;
  private readonly moved = new Map<string, number>();
  private flows = 0;
  /** The flow that goes on from an event, by its time; every event has one, whether a finding ends it or not. */
  private readonly causes = new Map<bigint, number>();
  /** Time of the last packet: no packet goes back behind it. */
  private last = 0;
  private pending: Violation[] = [];

  /** `write` takes packets, in order. */
  constructor(
    private readonly world: World,
    private readonly write: (packet: Uint8Array) => void,
  ) {
    this.lanes = new Lanes(world, this);
  }

  /** To be called as findings come; some wait for an explanation, and come later than the event that showed them. */
  violation(v: Violation): void {
    this.pending.push(v);
  }

  /** To be called with each event after it has been folded. */
  after(e: KernelEvent): void {
    if (this.pending.length > 0 || (e.kind !== 'probe' && e.kind !== 'snap_text')) this.happened(e);
    this.lanes.after(e);
    this.count(e);
    this.findings();
  }

  finish(): void {
    this.findings();
    this.lanes.finish();
  }

  private findings(): void {
    for (const v of this.pending) this.found(v);
    this.pending = [];
  }

  stateBegins(d: Device, state: number, at: number): void {
    this.put(at, EventType.BEGIN, this.of(d.name, 'state'), { name: stateName(state), category: 'state' });
  }

  stateEnds(d: Device, at: number): void {
    this.put(at, EventType.END, this.of(d.name, 'state'));
  }

  setBegins(d: Device, requested: number, at: number): void {
    const name = `SET_STATE ${stateName(requested)}`;
    this.put(at, EventType.BEGIN, this.of(d.name, 'SET_STATE'), { name, category: 'set' });
  }

  setEnds(d: Device, ret: number | undefined, at: number): void {
    const returned = ret === undefined ? 'not seen' : ret < 0 ? errnoName(ret) : 'ok';
    this.put(at, EventType.END, this.of(d.name, 'SET_STATE'), { notes: { returned } });
  }

  arcBegins(d: Device, from: number, to: number, at: number): void {
    const name = `${stateName(from)} → ${stateName(to)}`;
    this.put(at, EventType.BEGIN, this.of(d.name, 'SET_STATE'), { name, category: 'arc' });
  }

  arcEnds(d: Device, at: number): void {
    this.put(at, EventType.END, this.of(d.name, 'SET_STATE'));
  }

  private happened(e: KernelEvent): void {
    const d = this.world.devices.get(e.dev);
    const text = eventText(e, d?.bus ?? 'pci');
    const on = this.of(this.owner(e), 'events');
    const flow = ++this.flows;
    this.put(e.at, EventType.INSTANT, on, {
      name: e.kind,
      category: 'event',
      flows: [flow],
      notes: { text },
    });
    this.causes.set(e.atNs, flow);
    if (this.causes.size > MAX_CAUSES) this.causes.delete(this.causes.keys().next().value ?? 0n);
  }

  private owner(e: KernelEvent): string {
    const name = this.world.devices.get(e.dev)?.name;
    if (name !== undefined) return name;
    return has(e, 'container') && e.container ? `container ${e.container}` : HOST;
  }

  private found(v: Violation): void {
    const { rule, severity, reason, statement, state } = v;
    const cause = this.causes.get(BigInt(v.at_ns));
    const fields = { name: rule, category: 'finding', ends: cause === undefined ? [] : [cause] };
    const notes = { severity, reason, statement, state, at_ns: String(v.at_ns) };
    this.put(this.last, EventType.INSTANT, this.of(v.device || HOST, 'findings'), { ...fields, notes });
  }

  private count(e: KernelEvent): void {
    const d = this.world.devices.get(e.dev);
    if (d && (e.kind === 'data_read' || e.kind === 'data_write') && e.ret > 0)
      this.counter(e, d.name, e.kind === 'data_read' ? 'bytes saved' : 'bytes resumed', e.ret, Unit.BYTES);
    else if (e.kind === 'dirty_bits')
      this.counter(e, this.owner(e), 'dirty pages reported', e.bits, Unit.COUNT);
    else if (e.kind === 'dma_map' || e.kind === 'dma_unmap' || e.kind === 'dma_remove') {
      const value = this.world.containers.get(e.container)?.mappedBytes ?? 0;
      const on = this.of(`container ${e.container}`, 'bytes mapped', Unit.BYTES);
      this.put(e.at, EventType.COUNTER, on, { value });
    }
  }

  /** A sum that grows. */
  private counter(e: KernelEvent, owner: string, name: string, more: number, unit: number): void {
    const key = `${owner} ${name}`;
    const value = (this.moved.get(key) ?? 0) + more;
    this.moved.set(key, value);
    this.put(e.at, EventType.COUNTER, this.of(owner, name, unit), { value });
  }

  private put(at: number, type: number, on: number, fields = {}): void {
    this.last = Math.max(this.last, Math.round(at));
    this.write(event(this.world.base + BigInt(this.last), type, on, fields));
  }

  /** The track of that name below its owner's; described when it is first used. */
  private of(owner: string, name: string, unit?: number): number {
    return this.track(`${owner}\n${name}`, name, this.track(owner, owner), unit);
  }

  private track(key: string, name: string, parent?: number, unit?: number): number {
    const known = this.tracks.get(key);
    if (known !== undefined) return known;
    const uuid = this.tracks.size + 1;
    this.tracks.set(key, uuid);
    this.write(track(uuid, name, parent, unit));
    return uuid;
  }
}
