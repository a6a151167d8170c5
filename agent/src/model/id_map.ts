// SPDX-License-Identifier: Apache-2.0

/** Ids count up from 1: of those that live together hardly any two share a place. */
const PLACES = 4096;

/** A map by small whole numbers that count up. find() is for every record that comes, get() for the rest. */
export class IdMap<T extends { readonly id: number }> extends Map<number, T> {
  private readonly placed: (T | undefined)[] = new Array(PLACES).fill(undefined);

  /** As get(). */
  find(id: number): T | undefined {
    const one = this.placed[id & (PLACES - 1)];
    return one?.id === id ? one : this.get(id);
  }

  override set(id: number, value: T): this {
    this.placed[id & (PLACES - 1)] = value;
    return super.set(id, value);
  }

  override delete(id: number): boolean {
    const place = id & (PLACES - 1);
    if (this.placed[place]?.id === id) this.placed[place] = undefined;
    return super.delete(id);
  }

  override clear(): void {
    this.placed.fill(undefined);
    super.clear();
  }
}
