// SPDX-License-Identifier: Apache-2.0
/**
 * usage: sample.mjs N   prints one Nth of the code that `make mutation` changes, as ranges of lines for Stryker's --mutate:
 * a few lines in a row, then a gap. Always the same, so that two samples of the same code have the same score.
 */
import { readdirSync, readFileSync } from 'node:fs';
import config from './stryker.config.mjs';

/** Long enough for most mutants of more than a line. */
const LINES = 8;

const every = Number(process.argv[2]) * LINES;
const files = config.mutate
  .filter((pattern) => !pattern.startsWith('!'))
  .map((pattern) => pattern.replace('/**/*.ts', ''))
  .flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`))
  .filter((file) => file.endsWith('.ts') && !config.mutate.includes(`!${file}`))
  .sort();

let left = 0;
const ranges = [];
for (const file of files) {
  const length = readFileSync(file, 'utf8').split('\n').length;
  for (; left < length; left += every) ranges.push(`${file}:${left + 1}-${left + LINES}`);
  left -= length;
}
process.stdout.write(`${ranges.join(',')}\n`);
