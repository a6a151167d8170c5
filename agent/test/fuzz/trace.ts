// SPDX-License-Identifier: Apache-2.0
/**
 * `node build/agent/test/fuzz/trace.js [COUNT] [SEED]`: so many damaged traces through the reader. The seed of a run
 * is printed; the first input that breaks a promise is written to build/fuzz/, and goes into the corpus when mended.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from './corpus.js';
import { base, mutate, Random } from './inputs.js';
import { trouble } from './reader.js';

const BASES = 256;

/** What was wrong with the first input that broke a promise, and the input; undefined after all of them. */
async function fuzz(count: number, seed: number) {
  const random = new Random(seed);
  const bases = Array.from({ length: BASES }, () => base(random));
  for (let n = 0; n < count; n++) {
    const input = mutate(random.pick(bases), random);
    const what = await trouble(input);
    if (what !== undefined) return { n, what, input };
  }
  return undefined;
}

async function main(count: number, seed: number): Promise<number> {
  process.stdout.write(`seed ${seed}\n`);
  const began = performance.now();
  const found = await fuzz(count, seed);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const { heapUsed, rss } = process.memoryUsage();
  if (found) {
    mkdirSync('build/fuzz', { recursive: true });
    const file = join('build/fuzz', `seed${seed}-${found.n}.txt`);
    writeFileSync(file, text(found.input));
    process.stdout.write(`input ${found.n}: ${found.what}\nwritten to ${file}\n`);
    return 1;
  }
  const memory = `heap ${heapUsed >> 20} MiB, resident ${rss >> 20} MiB`;
  process.stdout.write(`${count} inputs in ${seconds} s, no promise broken; ${memory}\n`);
  return 0;
}

if (process.argv[1]?.endsWith('/fuzz/trace.js'))
  process.exitCode = await main(
    Number(process.argv[2] ?? 1e6),
    Number(process.argv[3] ?? Date.now() % 2 ** 31),
  );
