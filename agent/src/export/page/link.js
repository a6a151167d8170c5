// SPDX-License-Identifier: Apache-2.0
/** The connection to the agent: opened again whenever it breaks, let go while nobody looks. */

/** The agent says something at least every 5 s. */
const SILENCE_MS = 15_000;
const AGAIN_MS = 1_000;

/**
 * @param {(frame: object, all: boolean) => void} onFrame
 * @param {(text: string) => void} onLost says why, for people
 */
export function follow(onFrame, onLost) {
  let source;
  let watchdog;
  let again;

  function stop() {
    source?.close();
    source = undefined;
    clearTimeout(watchdog);
    clearTimeout(again);
  }
  function lost(why) {
    stop();
    onLost(why);
    again = setTimeout(start, AGAIN_MS);
  }
  function alive() {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => lost('no answer'), SILENCE_MS);
  }
  function start() {
    stop();
    source = new EventSource('api/events');
    alive();
    for (const name of ['snapshot', 'change'])
      source.addEventListener(name, (event) => {
        alive();
        onFrame(JSON.parse(event.data), name === 'snapshot');
      });
    // EventSource itself tries again after some failures and gives up after others: one way for all.
    source.onerror = () => lost('not connected');
  }
  document.addEventListener('visibilitychange', () => (document.hidden ? stop() : start()));
  start();
}
