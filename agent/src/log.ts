// SPDX-License-Identifier: Apache-2.0
/** One line an event on stderr: logfmt or JSON. Fatal messages must be written before exit, hence sync. */
import { fstatSync, writeSync } from 'node:fs';

export const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LEVELS)[number];
export const FORMATS = ['logfmt', 'json'] as const;
export type LogFormat = (typeof FORMATS)[number];
export type Fields = Readonly<Record<string, unknown>>;
export type Log = (level: LogLevel, message: string, fields?: Fields) => void;

function quoted(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}

function write(line: string): void {
  try {
    writeSync(2, line);
  } catch {
    // stderr is gone or full; there is nowhere left to say so.
  }
}

/** Of syslog(3), which the journal reads from `<N>` at the beginning of a line. */
const PRIORITY: Readonly<Record<LogLevel, number>> = { debug: 7, info: 6, warn: 4, error: 3 };

/** Whether stderr is the journal's: JOURNAL_STREAM is inherited also where it has been redirected. */
export function isJournal(stream: string | undefined, fd = 2): boolean {
  if (!stream) return false;
  const { dev, ino } = fstatSync(fd);
  return stream === `${dev}:${ino}`;
}

export function logger(minimum: LogLevel, format: LogFormat): Log {
  const from = LEVELS.indexOf(minimum);
  const journal = isJournal(process.env.JOURNAL_STREAM);
  return (level, message, fields = {}) => {
    if (LEVELS.indexOf(level) < from) return;
    const all = { ts: new Date().toISOString(), level, msg: message, ...fields };
    const pairs = () => Object.entries(all).map(([k, v]) => `${k}=${quoted(v)}`);
    const line = format === 'json' ? JSON.stringify(all) : pairs().join(' ');
    write(`${journal ? `<${PRIORITY[level]}>` : ''}${line}\n`);
  };
}
