#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
/** Who may import whom in agent/src. A breach fails the build; the table is the architecture. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const ROOT = 'agent/src';
/** room: what it may import besides itself; packages by name, `node:` for the built-ins. */
const MAY = {
  wire: [],
  model: ['wire'],
  rules: ['wire', 'model'],
  join: ['wire', 'model', 'rules'],
  export: ['wire', 'model', 'rules', 'join', 'prom-client', 'express', 'bcryptjs', 'node:'],
  source: [],
  kernel: ['source', 'ffi-napi', 'ref-napi', 'node:'],
  trace: ['source', 'node:'],
  // Files at the top, the commands and the configuration: the shell that knows argv, clock and signals.
  main: ['wire', 'model', 'rules', 'join', 'export', 'source', 'kernel', 'trace', 'yargs', 'yaml', 'node:'],
};

/** Folders of the shell. */
const SHELL = ['command', 'config'];

const roomOf = (path) => {
  const [first, second] = relative(ROOT, path).split('/');
  if (first === 'source.ts') return 'source';
  return second && !SHELL.includes(first) ? first : 'main';
};

let breaches = 0;
for (const file of readdirSync(ROOT, { recursive: true })) {
  if (!file.endsWith('.ts')) continue;
  const path = join(ROOT, file);
  const room = roomOf(path);
  for (const [, from] of readFileSync(path, 'utf8').matchAll(/^(?:import|export)[^;]*?from '([^']+)'/gm)) {
    const to = from.startsWith('.')
      ? roomOf(relative(process.cwd(), resolve(dirname(path), from.replace(/\.js$/, '.ts'))))
      : from.startsWith('node:')
        ? 'node:'
        : from.replace(/^(@[^/]+\/)?([^/]+).*/, '$1$2');
    if (to === room || MAY[room]?.includes(to)) continue;
    process.stderr.write(`${path}: ${room} may not import ${from}\n`);
    breaches++;
  }
}
process.exit(breaches ? 1 : 0);
