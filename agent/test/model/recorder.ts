// SPDX-License-Identifier: Apache-2.0
import { stateName } from '../../src/model/fsm.js';
import type { Observer } from '../../src/model/world.js';
import { judged } from '../run.js';

const ms = (ns: number) => `${Math.round(ns / 1e3) / 1e3}ms`;

/** What an observer is told of a scenario, one line each; durations in ms. */
export function told(text: string): string[] {
  const log: string[] = [];
  const observer: Observer = {
    arc: (_d, from, to, ok, took) =>
      log.push(`arc ${stateName(from)} ${stateName(to)} ${ok ? 'ok' : 'failed'} ${ms(took)}`),
    visit: (state, took) => log.push(`visit ${stateName(state)} ${ms(took)}`),
    migration: (side, result) => log.push(`migration ${side} ${result}`),
    stopped: (side, took) => log.push(`stopped ${side} ${ms(took)}`),
    irqsRestored: (window) => log.push(`irqs ${window}`),
    appeared: (d) => log.push(`appeared ${d.name}`),
    gone: (d) => log.push(`gone ${d.name}`),
  };
  judged(text, { observer });
  return log;
}

/** Those lines that begin with a word. */
export const of = (word: string, text: string): string[] =>
  told(text)
    .filter((line) => line.startsWith(`${word} `))
    .map((line) => line.slice(word.length + 1));
