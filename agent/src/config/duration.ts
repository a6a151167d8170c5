// SPDX-License-Identifier: Apache-2.0

const UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** How a duration is written, as a regular expression; the schema has the same. */
export const DURATION = '^(\\d+(?:\\.\\d+)?)(ns|us|ms|s|m|h)$';

export const DURATION_EXPECTED = 'a duration such as 50us, 300ms, 5s, 30m or 1h';

/** `300ms` in ns; undefined for what is no duration. */
export function parseDuration(text: string): number | undefined {
  const [, count, unit = ''] = new RegExp(DURATION).exec(text) ?? [];
  return count === undefined ? undefined : Math.round(Number(count) * (UNITS[unit] ?? Number.NaN));
}

/** The shortest exact way to write it. */
export function formatDuration(ns: number): string {
  const [unit, scale] = Object.entries(UNITS).findLast(([, n]) => ns >= n && ns % n === 0) ?? ['ns', 1];
  return `${ns / scale}${unit}`;
}
