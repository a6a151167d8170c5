// SPDX-License-Identifier: Apache-2.0
/** Prints what evidence.gen.ts should be, before biome has formatted it. */
import { RULES } from '../../src/rules/index.js';
import { evidenceOf, HEAD } from './evidence.js';

const all = Object.fromEntries(RULES.map(({ id }) => [id, evidenceOf(id)]));
process.stdout.write(`${HEAD}${JSON.stringify(all, undefined, 2)};\n`);
