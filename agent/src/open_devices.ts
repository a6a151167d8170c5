// SPDX-License-Identifier: Apache-2.0
/** Devices that are open now and whose they are, for what the live source adds to the kernel's records. */
export class OpenDevices {
  private readonly names = new Map<number, string>();
  private readonly ids = new Map<string, number>();
  private readonly owners = new Map<number, number>();

  /** Is it the first of this process? A process id is used again by another VM when all of its devices are closed. */
  opened(dev: number, name: string, tgid: number): boolean {
    let first = true;
    for (const owner of this.owners.values()) if (owner === tgid) first = false;
    this.names.set(dev, name);
    this.ids.set(name, dev);
    this.owners.set(dev, tgid);
    return first;
  }

  closed(dev: number): void {
    const name = this.names.get(dev);
    // It may be open again already, by another id.
    if (name !== undefined && this.ids.get(name) === dev) this.ids.delete(name);
    this.names.delete(dev);
    this.owners.delete(dev);
  }

  /** 0: no open device has this name. */
  id(name: string): number {
    return this.ids.get(name) ?? 0;
  }

  /** What is open still will be told again, by new ids. */
  clear(): void {
    this.names.clear();
    this.ids.clear();
    this.owners.clear();
  }
}
