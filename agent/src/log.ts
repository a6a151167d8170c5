// SPDX-License-Identifier: Apache-2.0
/** One line an event on stderr: logfmt or JSON. Fatal messages must be written before exit, hence sync. */
import { writeSync } from 'node:fs';

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

export function logger(minimum: LogLevel, format: LogFormat): Log {
  const from = LEVELS.indexOf(minimum);
  return (level, message, fields = {}) => {
    if (LEVELS.indexOf(level) < from) return;
    const all = { ts: new Date().toISOString(), level, msg: message, ...fields };
    if (format === 'json') return write(`${JSON.stringify(all)}\n`);
    const pairs = Object.entries(all).map(([k, v]) => `${k}=${quoted(v)}`);
    write(`${pairs.join(' ')}\n`);
  };
}
