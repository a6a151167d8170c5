// SPDX-License-Identifier: Apache-2.0
/** Colours as the style sheet has them now. */
export const STATES = [
  'ERROR',
  'STOP',
  'RUNNING',
  'STOP_COPY',
  'RESUMING',
  'RUNNING_P2P',
  'PRE_COPY',
  'PRE_COPY_P2P',
  'unknown',
];

export function legend(into) {
  for (const state of STATES) {
    const chip = document.createElement('span');
    chip.className = 'chip';
    chip.dataset.state = state;
    chip.textContent = state;
    into.append(chip);
  }
}

/** Black or white, whichever is read better on `#rrggbb`. */
function onTop(back) {
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(back.slice(at, at + 2), 16));
  return r * 0.299 + g * 0.587 + b * 0.114 > 140 ? '#000' : '#fff';
}

export function palette() {
  const root = getComputedStyle(document.documentElement);
  const color = (name) => root.getPropertyValue(`--${name}`).trim();
  const states = STATES.map((name) => {
    const back = color(`state-${name}`);
    return { back, text: onTop(back) };
  });
  const names = [
    'card',
    'line',
    'text',
    'dim',
    'link',
    'blue',
    'violet',
    'amber',
    'red',
    'green',
    'grey-back',
  ];
  const severity = { critical: color('red'), warning: color('amber'), info: color('blue') };
  return { ...Object.fromEntries(names.map((name) => [name, color(name)])), states, severity };
}

/** What `use` gives while dark mode is off: paper is light. */
export function inLight(use) {
  const dark = [...document.styleSheets]
    .flatMap((sheet) => [...sheet.cssRules])
    .filter((rule) => rule.media?.mediaText.includes('prefers-color-scheme'));
  const was = dark.map((rule) => rule.media.mediaText);
  for (const rule of dark) rule.media.mediaText = 'not all';
  const result = use();
  dark.forEach((rule, n) => {
    rule.media.mediaText = was[n];
  });
  return result;
}
