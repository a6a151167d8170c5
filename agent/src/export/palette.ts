// SPDX-License-Identifier: Apache-2.0
/**
 * The colours of states and severities, for everything that draws: the page, the report. One hue a
 * kind of state (green serves the guest, blue copies while it does, amber and brown are halted, violet loads, red
 * is ERROR); the P2P state of a pair is the one that stands out more. Any two states can be told apart by the colour-blind, too:
 * agent/test/export/palette.test.ts computes it. Colour never stands alone: what has one has its name beside it.
 */
import { STATE_NAMES } from '../model/fsm.js';
import type { Severity } from '../rules/rule.js';

/** A colour on a white and one on a nearly black ground, as `#rrggbb`. */
export interface Tone {
  readonly light: string;
  readonly dark: string;
}

export const STATE_TONES: Readonly<Record<(typeof STATE_NAMES)[number], Tone>> = {
  ERROR: { light: '#e30202', dark: '#fb4934' },
  STOP: { light: '#482402', dark: '#f7ffb6' },
  RUNNING: { light: '#aacfb8', dark: '#2d5a3c' },
  STOP_COPY: { light: '#ee9810', dark: '#f3bd17' },
  RESUMING: { light: '#9735ce', dark: '#b764ff' },
  RUNNING_P2P: { light: '#1b7e73', dark: '#19b1a2' },
  PRE_COPY: { light: '#6d9afa', dark: '#3a78b0' },
  PRE_COPY_P2P: { light: '#304078', dark: '#9ddbfe' },
};

/** Where the state is not known: a grey that is no state's. */
export const UNKNOWN_TONE: Tone = { light: '#d9dde3', dark: '#3a424c' };

/** As text on the ground: at least 4.5:1. */
export const SEVERITY_TONES: Readonly<Record<Severity, Tone>> = {
  critical: { light: '#b3001e', dark: '#ff9a9a' },
  warning: { light: '#7d4e00', dark: '#f5c965' },
  info: { light: '#3d5a80', dark: '#a9c1de' },
};

/** Custom property names: `state-RUNNING`, `state-unknown`, `severity-critical`. */
const TONES: Readonly<Record<string, Tone>> = {
  ...Object.fromEntries(STATE_NAMES.map((name) => [`state-${name}`, STATE_TONES[name]])),
  'state-unknown': UNKNOWN_TONE,
  ...Object.fromEntries(Object.entries(SEVERITY_TONES).map(([name, tone]) => [`severity-${name}`, tone])),
};

/** The palette as CSS custom properties, `--state-RUNNING: #…`, that follow prefers-color-scheme. */
export function paletteCss(): string {
  const all = (of: keyof Tone) =>
    Object.entries(TONES)
      .map(([name, tone]) => `--${name}:${tone[of]};`)
      .join('');
  return `:root{${all('light')}}\n@media (prefers-color-scheme: dark){:root{${all('dark')}}}\n`;
}
