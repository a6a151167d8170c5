// SPDX-License-Identifier: Apache-2.0
/** Follows the agent and shows what it says. */
import { showDevices, showLegend } from './devices.js';
import { setAttribute, setText } from './dom.js';
import { showFlights } from './flights.js';
import { follow } from './link.js';
import { showSight, showSummary } from './status.js';
import { forget, learn, store } from './store.js';
import { showViolations } from './violations.js';

/** Between drawings, where only time went on. */
const EVERY_MS = 1000;

const at = (id) => document.getElementById(id);

function link(state, text) {
  setText(at('link'), text);
  setAttribute(at('link'), 'data-link', state);
  setAttribute(document.body, 'data-link', state);
}

let due = false;

/** At most once for each frame of the screen, however fast news comes. */
function draw() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    if (!store.status) return;
    showSummary();
    showFlights();
    showViolations();
    showDevices();
    showSight();
  });
}

follow(
  (frame, all) => {
    learn(frame, all);
    const { ready } = store.status;
    link(ready ? 'up' : 'wait', ready ? 'watching' : 'not ready');
    draw();
  },
  (why) => link('down', `${why}; what is shown is old`),
);
setInterval(() => {
  if (document.body.dataset.link === 'down') return; // time stands still with the data
  forget();
  draw();
}, EVERY_MS);
for (const id of ['find', 'attention', 'window']) at(id).addEventListener('input', draw);
showLegend();
