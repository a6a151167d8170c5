// SPDX-License-Identifier: Apache-2.0
/** The list of violations, worst first, then newest; each opens in full. */
import { showDetail } from './detail.js';
import { duration, element, keyed, setText } from './dom.js';
import { now, rank, relative, store } from './store.js';
import { when } from './when.js';

/** So many before one is asked; a storm must not push the devices out of sight. */
const FIRST = 8;

let unfolded = false;

function make(v) {
  const open = element(
    'button',
    { type: 'button', class: 'violation', 'aria-haspopup': 'dialog' },
    element('span', { class: 'severity', 'data-tone': v.severity }, v.severity),
    element('code', {}, v.rule),
    element('span', { class: 'who' }, v.device ? `${v.device} in ${v.state}` : 'host'),
    element('span', { class: 'vm-name' }, v.vm),
    when(v),
    element('span', { class: 'ago' }),
    element('span', { class: 'statement' }, v.statement),
  );
  open.addEventListener('click', () => showDetail(v));
  return element('li', {}, open);
}

function update(row, v) {
  const since = now() - relative(v.at_ns);
  setText(row.querySelector('.ago'), since > 0 ? `${duration(since)} ago` : '');
}

let newest = -1;

/** Says aloud what is new; not what was there when the page was opened. */
function announce([first]) {
  if (first && newest >= 0 && first.n > newest)
    setText(
      document.getElementById('announce'),
      `New ${first.severity} violation: ${first.rule}, ${first.device || 'host'}`,
    );
  newest = first ? first.n : 0;
}

export function showViolations() {
  announce(store.violations);
  // Stable: within a rank they stay newest first.
  const list = [...store.violations].sort((a, b) => rank(a) - rank(b));
  document.getElementById('no-violations').hidden = list.length > 0;
  const more = document.getElementById('more');
  more.hidden = list.length <= FIRST;
  setText(more, unfolded ? 'Show fewer' : `Show ${list.length - FIRST} more`);
  keyed(
    document.getElementById('violations'),
    unfolded ? list : list.slice(0, FIRST),
    (v) => String(v.n),
    make,
    update,
  );
}

document.getElementById('more').addEventListener('click', () => {
  unfolded = !unfolded;
  showViolations();
});
