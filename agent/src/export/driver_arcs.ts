// SPDX-License-Identifier: Apache-2.0
import { MIG_P2P, MIG_PRE_COPY, MIG_STOP_COPY, State } from '../model/fsm.js';

/** Both ways, for a device with the first flags and without the second. */
const BOTH_WAYS: readonly (readonly [a: number, b: number, having: number, lacking: number])[] = [
  [State.STOP, State.STOP_COPY, 0, 0],
  [State.STOP, State.RESUMING, 0, 0],
  [State.RUNNING, State.STOP, 0, MIG_P2P],
  [State.RUNNING, State.RUNNING_P2P, MIG_P2P, 0],
  [State.RUNNING_P2P, State.STOP, MIG_P2P, 0],
  [State.RUNNING, State.PRE_COPY, MIG_PRE_COPY, 0],
  [State.PRE_COPY, State.PRE_COPY_P2P, MIG_PRE_COPY | MIG_P2P, 0],
  [State.RUNNING_P2P, State.PRE_COPY_P2P, MIG_PRE_COPY | MIG_P2P, 0],
];

/** The arcs that the kernel asks of a driver with these VFIO_MIGRATION_* flags, [from, to]. */
export function driverArcs(flags: number): (readonly [from: number, to: number])[] {
  if (!(flags & MIG_STOP_COPY)) return [];
  const has = BOTH_WAYS.filter(([, , having, lacking]) => (flags & having) === having && !(flags & lacking));
  const arcs = has.flatMap(([a, b]): [number, number][] => [
    [a, b],
    [b, a],
  ]);
  // One way only: a source that has begun to stop does not go back to pre-copy.
  if (flags & MIG_PRE_COPY)
    arcs.push([flags & MIG_P2P ? State.PRE_COPY_P2P : State.PRE_COPY, State.STOP_COPY]);
  return arcs;
}
