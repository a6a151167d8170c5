// SPDX-License-Identifier: Apache-2.0
/** What each rule must show: kept, broken, unknown, and every trigger that it calls benign. */

/** There can be no such scenario, and why. */
export interface Never {
  readonly never: string;
}

export const never = (why: string): Never => ({ never: why });

/** Scenario text; or several. */
type Text = string | Never;

/** A trigger that stays above info on purpose, or that must give just this answer. */
export interface Answered {
  readonly text: string;
  /** `kept`, `unknown`, `reason severity`: the answers of the rule alone, in order. */
  readonly answers: readonly string[];
}

export interface Cases {
  readonly kept: Text;
  /** Scenarios by `reason severity`. */
  readonly broken: Readonly<Record<string, string>>;
  readonly unknown: Text;
  /** By the words that a sentence of the rule's `benign` begins with. */
  readonly benign: Readonly<Record<string, Text | Answered>>;
}

/** By rule id. */
export type Table = Readonly<Record<string, Cases>>;

export const ONE = '0 dev1 opened pci mlx5_vfio_pci container=1 group=1';
export const FOUND = '0 dev1 found pci mlx5_vfio_pci container=1 group=1';
/** Two devices of one VM, in a container whose mappings are all known. */
export const TWO = `0 container1 join 1
  0 ${ONE.slice(2)}
  0 container1 join 2
  0 dev2 opened pci mlx5_vfio_pci container=1 group=2`;
/** A BAR of dev1 is where dev2 can reach it. */
export const REACHED = `${TWO}
  1ms container1 map 0xfe000000 0x1000
  1ms container1 p2p dev1 bar0+0 0xfe000000 0x1000`;

/** The device in a state, a second after its open; the actions follow. */
export const inState = (state: string, ...actions: readonly string[]): string =>
  [ONE, `1s dev1 set ${state}`, ...actions.map((action, n) => `${n + 2}s dev1 ${action}`)].join('\n');
export const running = (...actions: readonly string[]): string =>
  [ONE, ...actions.map((action, n) => `${n + 2}s dev1 ${action}`)].join('\n');
export const found = (...actions: readonly string[]): string =>
  [FOUND, ...actions.map((action, n) => `${n + 2}s dev1 ${action}`)].join('\n');
