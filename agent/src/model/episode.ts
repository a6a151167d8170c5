// SPDX-License-Identifier: Apache-2.0
/** Episodes: when one begins, whose side it is on, how it ended. */
import type { Device, Episode, Side } from './device.js';
import { HALT, isIn, SAVE, State } from './fsm.js';
import type { MigrationResult, World } from './world.js';

function begin(w: World, d: Device, side: Side, at: number): Episode {
  d.episode = {
    id: ++w.episodes,
    side,
    startedAt: at,
    lost: w.openLoss.reduce((sum, n) => sum + n, 0),
    failed: false,
    settled: false,
    stoppedAt: -1,
  };
  return d.episode;
}

/** Reports the outcome of a migration, once per episode. */
function settle(w: World, d: Device, episode: Episode, result: MigrationResult): void {
  if (episode.settled || episode.side === 'pause-only') return;
  episode.settled = true;
  w.observer.migration(episode.side, result, d);
}

export function loggingStarted(w: World, d: Device, at: number): void {
  if (!d.episode) begin(w, d, 'source', at);
}

/** A device has left RUNNING or PRE_COPY: from here on the guest does without it. */
export function leftService(w: World, d: Device, at: number): void {
  const episode = d.episode ?? begin(w, d, 'pause-only', at);
  if (episode.stoppedAt < 0) episode.stoppedAt = at;
}

/** The SET_STATE that was to leave RUNNING or PRE_COPY was refused: the guest was never without the device. */
export function stayedInService(d: Device): void {
  if (!d.episode) return;
  d.episode.stoppedAt = -1;
  if (d.episode.side === 'pause-only') d.episode = undefined;
}

/** The device has landed in a state by SET_STATE. */
export function landedIn(w: World, d: Device, state: number, at: number): void {
  if (isIn(state, SAVE)) {
    const episode = d.episode ?? begin(w, d, 'source', at);
    if (episode.side === 'pause-only') episode.side = 'source';
  } else if (state === State.RESUMING) {
    const episode = d.episode ?? begin(w, d, 'destination', at);
    episode.side = 'destination';
  } else if (isIn(state, HALT) && !d.episode) begin(w, d, 'pause-only', at);
  else if (state === State.RUNNING) end(w, d, at);
}

/** The saving session is over: STOP_COPY was left for STOP. */
export function savingEnded(w: World, d: Device, at: number): void {
  if (!d.episode || !d.session?.eos) return;
  settle(w, d, d.episode, 'completed');
  if (d.episode.stoppedAt >= 0) w.observer.stopped('source', at - d.episode.stoppedAt);
}

function outcome(d: Device, episode: Episode): MigrationResult {
  if (episode.failed) return 'failed';
  if (episode.side === 'source') return 'cancelled';
  return (d.session?.bytesWritten ?? 0) > 0 ? 'completed' : 'cancelled';
}

/** Back in RUNNING; an episode lasts until dirty tracking is off too. */
export function end(w: World, d: Device, at: number): void {
  const episode = d.episode;
  if (!episode) return;
  if (episode.stoppedAt >= 0 && (episode.side !== 'source' || !episode.settled))
    w.observer.stopped(episode.side, at - episode.stoppedAt);
  episode.stoppedAt = -1;
  if (d.logging || w.containers.get(d.container)?.tracking) return;
  settle(w, d, episode, outcome(d, episode));
  d.episode = undefined;
}

/** Reset or closed: a migration that had not completed has failed. */
export function broken(w: World, d: Device): void {
  if (!d.episode) return;
  settle(w, d, d.episode, 'failed');
  d.episode = undefined;
}
