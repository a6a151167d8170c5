// SPDX-License-Identifier: Apache-2.0
/** Times of two hosts against each other: how far apart, and how sure that is. */
import type { Half, Moment } from './half.js';

export interface Clocks {
  /** Of one boot: both traces are on one clock. */
  readonly shared: boolean;
  /** By how much a difference of their times may be wrong, ns; undefined: by anything. */
  readonly error: number | undefined;
}

export function clocksOf(a: Half, b: Half): Clocks {
  if (a.host.origin.boot_id === b.host.origin.boot_id) return { shared: true, error: 0 };
  const [one, other] = [a.host.clockError, b.host.clockError];
  if (one === undefined || other === undefined) return { shared: false, error: undefined };
  return { shared: false, error: one + other + a.drift + b.drift };
}

/** From one moment to a later one of the other host, by their clocks, ns. */
export function between({ shared }: Clocks, from: Moment, to: Moment): number {
  return Number(shared ? to.mono - from.mono : to.wall - from.wall);
}
