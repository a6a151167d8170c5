// SPDX-License-Identifier: Apache-2.0
/** The words of a scenario line and what they stand for; a word that stands for nothing throws. */
import { constants } from 'node:os';
import { MIG_P2P, MIG_PRE_COPY, MIG_STOP_COPY, STATE_NAMES } from '../src/model/fsm.js';

const UNITS: Record<string, number> = { '': 1, ns: 1, us: 1e3, ms: 1e6, s: 1e9, min: 60e9 };
const FLAGS: Record<string, number> = { 'stop-copy': MIG_STOP_COPY, p2p: MIG_P2P, 'pre-copy': MIG_PRE_COPY };
const ERRNO: Record<string, number> = { ...constants.errno, ERESTARTSYS: 512 };

/** Names by the number that the records have for them. */
export const NAMES = {
  index: ['INTX', 'MSI', 'MSIX', 'ERR', 'REQ'],
  how: ['', 'opened', 'found', 'seen'],
  reset: ['', 'ioctl', 'hot', 'function', 'collateral'],
  ring: ['crit', 'bulk'],
  dirty: ['', 'start', 'stop', 'report'],
  zap: ['other', 'reset', 'hot', 'config', 'low-power'],
  irq: ['', 'INTX', 'MSI'],
  power: ['', '', '', 'entry', 'wakeup', 'exit'],
  probe: ['', 'attached', 'waiting', 'unavailable', 'detached', 'ready'],
};

/** One line, taken apart. */
export class Line {
  readonly words: readonly string[];
  private readonly options = new Map<string, string>();
  readonly result: string | undefined;

  constructor(text: string) {
    const words = text.replace(/#.*/, '').trim().split(/\s+/);
    const arrow = words.indexOf('->');
    if (arrow >= 0) this.result = words.splice(arrow, 2)[1] ?? '';
    this.words = words.filter((word) => !word.includes('='));
    for (const word of words) {
      const [key = '', value] = word.split('=');
      if (value !== undefined) this.options.set(key, value);
    }
  }

  word(n: number): string {
    const word = this.words[n];
    if (word === undefined) throw new Error('words are missing');
    return word;
  }

  text(key: string): string | undefined {
    return this.options.get(key);
  }

  num(key: string): number | undefined {
    const text = this.options.get(key);
    return text === undefined ? undefined : number(text);
  }

  ret(otherwise: number): number {
    if (this.result === undefined) return otherwise;
    if (this.result === 'ok') return 0;
    const errno = ERRNO[this.result.slice(1)];
    return this.result.startsWith('-E') && errno ? -errno : number(this.result);
  }
}

export function number(text: string): number {
  const n = Number(text);
  if (text === '' || Number.isNaN(n)) throw new Error(`not a number: ${text}`);
  return n;
}

export function duration(text: string): bigint {
  const [, n, unit] = /^([\d.]+)([a-z]*)$/.exec(text) ?? [];
  const scale = UNITS[unit ?? '?'];
  if (n === undefined || scale === undefined) throw new Error(`not a time: ${text}`);
  return BigInt(Math.round(Number(n) * scale));
}

export function oneOf(names: readonly string[], text: string): number {
  const n = names.indexOf(text);
  if (n < 0) throw new Error(`${text} is none of ${names.filter(Boolean).join(' ')}`);
  return n;
}

export const stateNumber = (text: string): number =>
  /^\d/.test(text) ? number(text) : oneOf(STATE_NAMES, text);

export function flagWord(text: string): number {
  if (text === 'none') return 0;
  return text.split(',').reduce((bits, name) => bits | (FLAGS[name] ?? oneOf(Object.keys(FLAGS), name)), 0);
}

export function position(text: string): bigint {
  const [, name = '', index, offset = ''] = /^(bar|region|config)(\d*)\+(\w+)$/.exec(text) ?? [];
  if (!name) throw new Error(`not a place in a region: ${text}`);
  return (BigInt(name === 'config' ? 7 : number(index ?? '')) << 40n) | BigInt(offset);
}
