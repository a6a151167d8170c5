// SPDX-License-Identifier: Apache-2.0

/** Ids count up from 1: of those that live together hardly any two share a place. */
const PLACES = 4096;

/** A map by small whole numbers that count up. find() is for every record that comes, get() for the rest. */
export class IdMap<T> extends Map<number, T> {
  private readonly ids = new Uint32Array(PLACES);
  private readonly placed: (T | undefined)[] = new Array(PLACES).fill(undefined);

  /** As get(). */
  find(id: number): T | undefined {
    const place = id & (PLACES - 1);
    return (this.ids[place] === id ? this.placed[place] : undefined) ?? this.get(id);
  }

  override set(id: number, value: T): this {
    const place = id & (PLACES - 1);
    this.ids[place] = id;
    this.placed[place] = value;
    return super.set(id, value);
  }

  override delete(id: number): boolean {
    const place = id & (PLACES - 1);
    if (this.ids[place] === id) this.vacate(place);
    return super.delete(id);
  }

  override clear(): void {
    this.ids.fill(0);
    this.placed.fill(undefined);
    super.clear();
  }

  private vacate(place: number): void {
    this.ids[place] = 0;
    this.placed[place] = undefined;
  }
}
