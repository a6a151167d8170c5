// SPDX-License-Identifier: Apache-2.0
/**
 * A VMM that keeps the contract: what it does with its devices is drawn from a list of numbers
 * and written as scenario lines. The shorter the list and the smaller the numbers, the simpler the walk.
 */
import {
  HALT,
  INIT,
  isIn,
  MIG_P2P,
  QUIET,
  SAVE,
  STATE_NAMES,
  State,
  stateName,
} from '../../src/model/fsm.js';
import { path } from '../arcs.js';
import { flagWords } from './flags.js';

const MS = 1000;
/** A latched interrupt may still be handled this long after a device has stopped (us; less than eps.irq). */
const LATCHED = 4 * MS;

interface Member {
  readonly name: string;
  /** The data session that lasts and whose fd is open; 0 none. */
  session: number;
  /** The session ran to its end of stream. */
  drained: boolean;
  written: boolean;
  landedAt: number;
}

type Tracker = 'none' | 'device' | 'container';

export class Walk {
  readonly lines: string[] = [];
  readonly members: readonly Member[];
  /** Where all devices are, between two moves. */
  state: number = State.RUNNING;
  tracker: Tracker = 'none';
  /** BARs are mapped for DMA. */
  mapped = false;
  private at = 0;
  private drawn = 0;
  private sessions = 0;

  constructor(
    readonly flags: number,
    count: number,
    private readonly choices: readonly number[],
  ) {
    this.members = Array.from({ length: count }, (_, n) => {
      return { name: `dev${n + 1}`, session: 0, drained: false, written: false, landedAt: 0 };
    });
    for (const { name } of this.members)
      this.say(
        `${name} opened pci mlx5_vfio_pci container=1 group=${name.slice(3)} flags=${flagWords(flags)}`,
      );
  }

  /** Below `n`; 0 when there are no more choices. */
  private draw(n: number): number {
    return (this.choices[this.drawn++] ?? 0) % n;
  }

  get exhausted(): boolean {
    return this.drawn >= this.choices.length;
  }

  say(what: string): void {
    this.lines.push(`${this.at}us ${what}`);
    this.at += 10; // arcs that have no duration of their own take 1 us each
  }

  /** Time passes, with a tick at the end of each second of it. */
  wait(us: number): void {
    for (let left = us; left > 0; left -= 1000 * MS) {
      this.at += Math.min(left, 1000 * MS);
      this.say('tick');
    }
  }

  data(m: Member, what: string): void {
    this.say(`${m.name} data ${what} session=${m.session}`);
  }

  each(what: string): void {
    for (const m of this.members) this.say(`${m.name} ${what}`);
  }

  /** Walks until the choices are used up. */
  run(): void {
    while (!this.exhausted) {
      this.at += this.draw(20 * MS);
      if (this.draw(3) === 0) this.move(this.draw(STATE_NAMES.length));
      else this.act();
    }
  }

  /** All devices to a state that they have, the way a good VMM goes; elsewhere it does nothing. */
  move(to: number): void {
    if (to === State.ERROR || to === this.state || typeof path(this.state, to, this.flags) === 'string')
      return;
    if (isIn(this.state, SAVE) && !isIn(to, SAVE)) this.endSaving(to);
    if (this.state === State.RESUMING && to !== State.STOP) this.load();
    const quiet = this.quietBefore(to);
    if (quiet !== undefined) this.pass(quiet);
    this.pass(to);
    if (to === State.RUNNING && this.tracker !== 'none') this.track('stop');
  }

  /** With several devices none is stopped, and none runs, unless all are quiet. */
  private quietBefore(to: number): number | undefined {
    if (!(this.flags & MIG_P2P) || this.members.length === 1) return undefined;
    if (isIn(this.state, INIT) && isIn(to, HALT))
      return this.state === State.PRE_COPY ? State.PRE_COPY_P2P : State.RUNNING_P2P;
    if (isIn(this.state, HALT) && isIn(to, INIT)) return State.RUNNING_P2P;
    return undefined;
  }

  private pass(to: number): void {
    const begins = to === State.RESUMING || (isIn(to, SAVE) && !isIn(this.state, SAVE));
    const ends = isIn(this.state, SAVE) ? !isIn(to, SAVE) : this.state === State.RESUMING;
    const members = this.draw(2) ? [...this.members].reverse() : this.members;
    for (const m of members) {
      const took = 1 + this.draw(10 * MS);
      const before = m.session;
      if (begins) Object.assign(m, { session: ++this.sessions, drained: false, written: false });
      this.say(`${m.name} set ${stateName(to)} took=${took}us${begins ? ` session=${m.session}` : ''}`);
      this.at += took;
      m.landedAt = this.at;
      if (ends && before) this.say(`${m.name} data release session=${before}`);
      if (ends && !begins) m.session = 0;
    }
    this.state = to;
  }

  /** What is left undone may be rolled back, not completed. */
  private endSaving(to: number): void {
    if (this.state === State.STOP_COPY && isIn(to, HALT)) this.drain();
    else if (to === State.RUNNING && this.draw(3) === 0) this.release(); // a cancel
  }

  private release(): void {
    for (const m of this.members) {
      if (m.session) this.data(m, 'release');
      m.session = 0;
    }
  }

  drain(): void {
    for (const m of this.members) {
      if (!m.session || m.drained) continue;
      for (let n = this.draw(3); n > 0; n--) this.data(m, `read ${1 + this.draw(1 << 20)}`);
      this.data(m, 'read 0');
      m.drained = true;
    }
  }

  load(): void {
    for (const m of this.members) {
      if (!m.session || m.written) continue;
      this.data(m, `write ${1 + this.draw(1 << 20)}`);
      m.written = true;
    }
  }

  private track(op: 'start' | 'stop' | 'report'): void {
    if (op === 'start') this.tracker = this.draw(2) ? 'container' : 'device';
    if (this.tracker === 'container') this.say(`container1 track ${op}`);
    else this.each(`log ${op}`);
    if (op === 'stop') this.tracker = 'none';
  }

  private act(): void {
    const one = this.members[this.draw(this.members.length)] as Member;
    const actions = [
      () => this.say('tick'),
      () => this.say(`${one.name} get ${stateName(this.state)}`),
      () => this.interrupts(one),
      () => this.touch(one),
      () => this.stream(one),
      () => this.dirty(),
      () => this.memory(),
      () => this.peers(),
      () => this.reset(),
      () => this.configure(one),
      () => this.power(one),
    ];
    actions[this.draw(actions.length)]?.();
  }

  private interrupts(one: Member): void {
    if (this.draw(2)) {
      const index = ['ERR', 'REQ', 'INTX', 'MSI', 'MSIX'];
      this.say(`${one.name} irqs ${index[this.draw(this.state === State.STOP_COPY ? 2 : 5)]}`);
    } else if (!isIn(this.state, HALT) || this.at - one.landedAt < LATCHED)
      this.say(`${one.name} irq ${this.draw(2) ? 'MSI' : 'INTX'}`);
  }

  private touch(one: Member): void {
    if (!isIn(this.state, INIT)) {
      if (this.state !== State.STOP_COPY) this.say(`${one.name} fault mapped bar0+0 prefault=1`);
      return;
    }
    const touches = ['region read bar0+0x10 4', 'region write bar0+0x10 4', 'mmap bar0+0 0x1000'];
    touches.push('fault mapped bar0+0', 'ioeventfd bar0+0x20 4', 'memory-enable');
    this.say(`${one.name} ${touches[this.draw(touches.length)]}`);
  }

  private configure(one: Member): void {
    if (this.state === State.STOP_COPY || isIn(this.state, QUIET)) return;
    this.say(`${one.name} region write config+0x${this.draw(2) ? '4' : '10'} 2`);
    if (this.draw(3) === 0) this.say(`${one.name} zap config`);
  }

  private stream(one: Member): void {
    if (!one.session) return;
    if (this.state === State.RESUMING) this.load();
    else if (this.state === State.STOP_COPY) this.drain();
    else this.precopy(one);
  }

  private precopy(one: Member): void {
    const dry = this.draw(2) ? '-> -ENOMSG' : '0';
    const actions = [
      `data read ${1 + this.draw(1 << 20)}`,
      `data read ${dry}`,
      `precopy-info ${this.draw(2) * 4096}`,
    ];
    this.say(`${one.name} ${actions[this.draw(3)]} session=${one.session}`);
  }

  private dirty(): void {
    if (this.tracker !== 'none') this.track('report');
    else if (this.state === State.RUNNING) this.track('start');
  }

  private memory(): void {
    if (this.state === State.STOP_COPY) return;
    const where = `0x${(this.draw(16) << 20).toString(16)} 0x100000`;
    this.say(`container1 ${this.draw(2) ? 'map' : 'unmap'} ${where}`);
  }

  /** BARs are mapped for DMA while all run: of devices that can be made quiet, or of one that has no peer. */
  private peers(): void {
    if (this.state !== State.RUNNING || (this.members.length > 1 && !(this.flags & MIG_P2P))) return;
    if (this.mapped) this.unmapPeers();
    else this.mapPeers();
  }

  private readonly window = (n: number) => `0x${(0xfe000000 + n * 0x100000).toString(16)} 0x1000`;

  mapPeers(): void {
    if (this.mapped) return;
    this.members.forEach((m, n) => {
      this.say(`container1 map ${this.window(n)}`);
      this.say(`container1 p2p ${m.name} bar0+0 ${this.window(n)}`);
    });
    this.mapped = true;
  }

  private unmapPeers(): void {
    for (const n of this.members.keys()) this.say(`container1 unmap ${this.window(n)}`);
    this.mapped = false;
  }

  private reset(): void {
    const legal = this.state === State.RUNNING || this.state === State.STOP || this.state === State.RESUMING;
    if (!legal || this.mapped || this.tracker !== 'none') return;
    for (const m of this.members) {
      this.at += MS; // `took` counts backwards
      this.say(`${m.name} reset`);
    }
    this.release();
    this.state = State.RUNNING;
  }

  private power(one: Member): void {
    if (this.state !== State.RUNNING) return;
    this.say(`${one.name} low-power entry`);
    this.say(`${one.name} low-power exit`);
  }

  /** The VM ends, as one that was stopped or that has migrated away does. */
  end(): void {
    if (this.state !== State.STOP) this.move(State.RUNNING);
    // What the devices dirtied last is asked for before they are given up.
    if (this.tracker !== 'none') this.track('report');
    this.each('closed exit=0');
    this.wait(2000 * MS);
  }

  /** A visit of this state begins, with a data session of its own if it has one, tracking off, and no BAR mapped if not told so or in use. */
  reach(state: number, mapped = false): void {
    this.move(State.RUNNING);
    if (this.tracker !== 'none') this.track('stop');
    if (mapped) this.mapPeers();
    else if (state === State.RUNNING && this.mapped) this.unmapPeers();
    this.move(state);
  }

  get text(): string {
    return this.lines.join('\n');
  }
}
