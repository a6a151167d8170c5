// SPDX-License-Identifier: Apache-2.0
/**
 * A VMM that migrates a device by the v1 protocol as Linux 5.10's vfio.h has it: each buffer by its registers in
 * their order, device_state read before it is written. Drawn from a list of numbers, as walk.ts is.
 */
import { isIn, SAVE, State } from '../../src/model/fsm.js';

const MS = 1000;

/** device_state by state. */
const WORD: Readonly<Record<number, number>> = {
  [State.STOP]: 0,
  [State.RUNNING]: 1,
  [State.STOP_COPY]: 2,
  [State.PRE_COPY]: 3,
  [State.RESUMING]: 4,
};

/** Where a VMM goes from a state; the diagram above struct vfio_device_migration_info, and STOP's ways out. */
const NEXT: Readonly<Record<number, readonly number[]>> = {
  [State.RUNNING]: [State.PRE_COPY, State.STOP_COPY, State.STOP, State.RESUMING],
  [State.PRE_COPY]: [State.STOP_COPY, State.RUNNING],
  [State.STOP_COPY]: [State.STOP, State.RUNNING],
  [State.STOP]: [State.RUNNING, State.RESUMING],
  [State.RESUMING]: [State.RUNNING],
};

export const V1_STATES = Object.keys(WORD).map(Number);

export class V1Walk {
  readonly lines: string[] = [];
  state: number = State.RUNNING;
  /** Bits 3 to 31 of device_state, as the driver has them. */
  private readonly reserved: number;
  private at = 0;
  private drawn = 0;

  constructor(private readonly choices: readonly number[]) {
    this.reserved = this.draw(2) * 0x100;
    this.say('opened mdev vendor_vgpu flags=none container=1 group=1');
    this.say('v1 region');
    this.readState();
    this.lines.push(`${this.at}us container1 track start`);
  }

  /** Below `n`; 0 when there are no more choices. */
  private draw(n: number): number {
    return (this.choices[this.drawn++] ?? 0) % n;
  }

  say(what: string): void {
    this.lines.push(`${this.at}us dev1 ${what}`);
    this.at += 10;
  }

  wait(us: number): void {
    this.at += us;
    this.lines.push(`${this.at}us tick`);
  }

  /** Walks until the choices are used up. */
  run(): void {
    while (this.drawn < this.choices.length) {
      this.at += this.draw(20 * MS);
      if (this.draw(3)) this.act();
      else this.step();
    }
  }

  private step(): void {
    const next = NEXT[this.state] ?? [];
    this.move(next[this.draw(next.length)] as number);
  }

  private move(to: number): void {
    if (this.state === State.STOP_COPY) this.drain();
    if (this.state === State.RESUMING) this.load();
    this.readState();
    this.say(`v1 write state ${this.word(to)}`);
    this.state = to;
  }

  word(state: number): number {
    return this.reserved | (WORD[state] as number);
  }

  private readState(): void {
    this.say(`v1 read state ${this.word(this.state)}`);
  }

  /** What is legal in this state, besides leaving it. */
  private act(): void {
    if (isIn(this.state, SAVE)) this.save(this.draw(2));
    else if (this.state === State.RESUMING) this.load();
    else if (this.state === State.RUNNING) this.say(`region ${this.draw(2) ? 'read' : 'write'} bar0+0x10 4`);
    if (this.state !== State.STOP_COPY && this.draw(2)) this.say('irqs INTX');
    if (this.draw(2)) this.readState();
  }

  private size(): number {
    return 1 + this.draw(1 << 20);
  }

  /** The sequence for a user that saves; nothing may be pending. */
  private save(pending: number): void {
    const size = this.size();
    this.say(`v1 read pending ${pending * size}`);
    if (pending) this.buffer(size);
  }

  private buffer(size: number): void {
    this.say('v1 read offset 4096');
    this.say(`v1 read size ${size}`);
    const first = this.draw(size);
    if (first) this.say(`v1 read data ${first}`); // in parts, as it pleases the user
    this.say(`v1 read data ${size - first}`);
  }

  private drain(): void {
    this.save(1);
    this.say('v1 read pending 0');
  }

  private load(): void {
    const size = this.size();
    this.say('v1 read offset 4096');
    this.say(`v1 write data ${size}`);
    this.say(`v1 write size ${size}`);
  }

  /** A visit of this state begins. */
  reach(state: number): void {
    while (this.state !== State.RUNNING) this.move((NEXT[this.state] ?? []).at(-1) as number);
    if (state !== State.RUNNING) this.move(state);
  }

  /** The VM ends. */
  end(): void {
    this.reach(State.RUNNING);
    this.lines.push(`${this.at}us container1 track report`);
    this.at += 10;
    this.say('closed exit=0');
    this.wait(2000 * MS);
  }

  get text(): string {
    return this.lines.join('\n');
  }
}
