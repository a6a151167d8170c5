// SPDX-License-Identifier: Apache-2.0
/** The events of a trace as what a picture of it shows: states that last, and the steps between them. */
import type { Device } from '../model/device.js';
import type { World } from '../model/world.js';
import type { KernelEvent } from '../wire/events.gen.js';

/** In time order; every begin has its end. `at` is relative ns. */
export interface LaneSink {
  /** The device is in this state (UNKNOWN: nobody knows) until the next call for it. */
  stateBegins(d: Device, state: number, at: number): void;
  stateEnds(d: Device, at: number): void;
  /** SET_STATE was entered; arcs follow inside. */
  setBegins(d: Device, requested: number, at: number): void;
  /** `ret` is undefined where its return was not seen. */
  setEnds(d: Device, ret: number | undefined, at: number): void;
  arcBegins(d: Device, from: number, to: number, at: number): void;
  arcEnds(d: Device, at: number): void;
}

interface Lane {
  readonly device: Device;
  state: number;
  /** Threads inside a SET_STATE. */
  inside: number;
  inArc: boolean;
}

export class Lanes {
  private readonly lanes = new Map<number, Lane>();

  constructor(
    private readonly world: World,
    private readonly sink: LaneSink,
  ) {}

  /** To be called with each event after it has been folded. */
  after(e: KernelEvent): void {
    if (e.kind === 'snap_text') {
      for (const d of this.world.devices.values()) this.follow(d, e.at);
      return;
    }
    if (e.dev === 0) return;
    const d = this.world.devices.get(e.dev);
    if (d) this.follow(d, e.at);
    const lane = this.lanes.get(e.dev);
    if (!lane) return;
    if (!d) this.gone(lane, e.at);
    else this.step(lane, e);
  }

  /** The trace is over. */
  finish(): void {
    for (const lane of [...this.lanes.values()]) this.gone(lane, this.world.now);
  }

  private follow(d: Device, at: number): void {
    const known = this.lanes.get(d.id);
    if (known && known.device !== d) this.gone(known, at);
    const lane = this.lanes.get(d.id);
    if (lane?.state === d.state) return;
    if (lane) {
      this.sink.stateEnds(d, at);
      lane.state = d.state;
    } else this.lanes.set(d.id, { device: d, state: d.state, inside: 0, inArc: false });
    this.sink.stateBegins(d, d.state, at);
  }

  private gone(lane: Lane, at: number): void {
    this.lanes.delete(lane.device.id);
    if (lane.inside) this.endSet(lane, undefined, at);
    this.sink.stateEnds(lane.device, at);
  }

  private step(lane: Lane, e: KernelEvent): void {
    const d = lane.device;
    if (e.kind === 'mig_set') {
      if (lane.inside++ === 0) this.sink.setBegins(d, e.requested, e.at);
    } else if (e.kind === 'mig_arc' && lane.inside) {
      this.endArc(lane, e.at);
      if (e.ret < 0) return;
      lane.inArc = true;
      this.sink.arcBegins(d, e.cur, e.next, e.at);
    } else if (e.kind === 'mig_set_ret' && lane.inside && --lane.inside === 0) this.endSet(lane, e.ret, e.at);
  }

  private endSet(lane: Lane, ret: number | undefined, at: number): void {
    this.endArc(lane, at);
    lane.inside = 0;
    this.sink.setEnds(lane.device, ret, at);
  }

  private endArc(lane: Lane, at: number): void {
    if (lane.inArc) this.sink.arcEnds(lane.device, at);
    lane.inArc = false;
  }
}
