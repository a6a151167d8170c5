// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paletteCss, SEVERITY_TONES, STATE_TONES } from '../../src/export/palette.js';

type Rgb = readonly [number, number, number];
type Matrix = readonly [Rgb, Rgb, Rgb];

/** What a dichromat sees, in linear RGB: Machado, Oliveira and Fernandes 2009, severity 1. */
const EYES: Record<string, Matrix> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};
/** Linear RGB to the cone responses of OKLab, and these, compressed, to its coordinates. */
const TO_LMS: Matrix = [
  [0.4122214708, 0.5363325363, 0.0514459929],
  [0.2119034982, 0.6806995451, 0.1073969566],
  [0.0883024619, 0.2817188376, 0.6299787005],
];
const TO_LAB: Matrix = [
  [0.2104542553, 0.793617785, -0.0040720468],
  [1.9779984951, -2.428592205, 0.4505937099],
  [0.0259040371, 0.7827717662, -0.808675766],
];

const times = (m: Matrix, v: Rgb): Rgb =>
  m.map(([a, b, c]) => a * v[0] + b * v[1] + c * v[2]) as unknown as Rgb;

function linear(hex: string): Rgb {
  assert.match(hex, /^#[0-9a-f]{6}$/);
  return [1, 3, 5].map((i) => {
    const c = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as unknown as Rgb;
}

function lab(eye: Matrix, hex: string): Rgb {
  const seen = times(eye, linear(hex)).map((c) => Math.min(1, Math.max(0, c))) as unknown as Rgb;
  return times(TO_LAB, times(TO_LMS, seen).map(Math.cbrt) as unknown as Rgb);
}

function contrast(a: string, b: string): number {
  const luminance = (hex: string) => {
    const [r, g, bl] = linear(hex);
    return 0.2126 * r + 0.7152 * g + 0.0722 * bl + 0.05;
  };
  const [x, y] = [luminance(a), luminance(b)];
  return Math.max(x, y) / Math.min(x, y);
}

/** Five times what is just noticeable side by side: lanes are small and far apart. */
const FAR = 0.1;
/** The grounds in page/theme.css: --card and --page. */
const GROUNDS = { light: ['#ffffff', '#f5f6f8'], dark: ['#171c22', '#0f1317'] };
const THEMES = ['light', 'dark'] as const;

test('any two states differ for every eye, on light and dark', () => {
  const states = Object.entries(STATE_TONES);
  for (const theme of THEMES)
    for (const [eye, matrix] of Object.entries(EYES))
      states.forEach(([a, tone], i) => {
        for (const [b, other] of states.slice(0, i)) {
          const [p, q] = [lab(matrix, tone[theme]), lab(matrix, other[theme])];
          const apart = Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
          assert.ok(apart >= FAR, `${theme}, ${eye}: ${a} and ${b} are ${apart.toFixed(3)} apart`);
        }
      });
});

test('severities can be read as text', () => {
  for (const theme of THEMES)
    for (const [severity, tone] of Object.entries(SEVERITY_TONES))
      for (const ground of GROUNDS[theme])
        assert.ok(contrast(tone[theme], ground) >= 4.5, `${severity} on ${ground}`);
});

test('the palette as CSS has both themes of every state', () => {
  const css = paletteCss();
  for (const [state, { light, dark }] of Object.entries(STATE_TONES))
    assert.ok(css.includes(`--state-${state}:${light};`) && css.includes(`--state-${state}:${dark};`), state);
});
