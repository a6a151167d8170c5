// SPDX-License-Identifier: Apache-2.0
import type { Container } from './world.js';

const NONE: ReadonlySet<Container> = new Set();

/** The containers by id, and which of them a device's BARs are mapped in. */
export class Containers extends Map<number, Container> {
  private readonly byTarget = new Map<number, Set<Container>>();

  /** Those that hold a mapping of the device's BARs. */
  mapping(target: number): ReadonlySet<Container> {
    return this.byTarget.get(target) ?? NONE;
  }

  override set(id: number, c: Container): this {
    this.leave(this.get(id));
    for (const target of c.p2p.targets()) this.note(target, c, true);
    c.p2p.watch((target, mapped) => this.note(target, c, mapped));
    return super.set(id, c);
  }

  override delete(id: number): boolean {
    this.leave(this.get(id));
    return super.delete(id);
  }

  override clear(): void {
    for (const c of this.values()) this.leave(c);
    super.clear();
  }

  private leave(c: Container | undefined): void {
    c?.p2p.watch(undefined);
    for (const target of c?.p2p.targets() ?? []) this.note(target, c as Container, false);
  }

  private note(target: number, c: Container, mapped: boolean): void {
    const holders = this.byTarget.get(target);
    if (!mapped) {
      holders?.delete(c);
      if (holders?.size === 0) this.byTarget.delete(target);
    } else if (holders) holders.add(c);
    else this.byTarget.set(target, new Set([c]));
  }
}
