// SPDX-License-Identifier: Apache-2.0
/** The timeline in colours, for a terminal that wants them. */
import type { Severity } from '../rules/rule.js';

export interface Paint {
  /** A line of formatEvent(). */
  event(line: string): string;
  finding(severity: Severity, line: string): string;
}

/** Where formatEvent() has its mark. */
const MARK_AT = 14;

/** Select Graphic Rendition: what ECMA-48 has for it. */
const sgr = (code: string) => (line: string) => `\x1b[${code}m${line}\x1b[0m`;
const bold = sgr('1');
const red = sgr('31');
const FINDING: Record<Severity, (line: string) => string> = {
  critical: sgr('1;31'),
  warning: sgr('33'),
  info: sgr('36'),
};

const PLAIN: Paint = { event: (line) => line, finding: (_, line) => line };

const COLOURED: Paint = {
  event: (line) => {
    const mark = line.charAt(MARK_AT);
    return mark === '*' ? bold(line) : mark === '!' ? red(line) : line;
  },
  finding: (severity, line) => FINDING[severity](line),
};

/** See no-color.org; a dumb terminal has none either. */
export function paintFor(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): Paint {
  return isTerminal && !env.NO_COLOR && env.TERM !== 'dumb' ? COLOURED : PLAIN;
}
