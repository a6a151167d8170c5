// SPDX-License-Identifier: Apache-2.0
/** Prints what worlds.gen.ts should be, before biome has formatted it. */
import { NAMES, world } from './worlds.js';

process.stdout.write(`// SPDX-License-Identifier: Apache-2.0
// Written by: node build/agent/test/model/write_worlds.js > agent/test/model/worlds.gen.ts; look at the difference before you commit it.

export const WORLDS = ${JSON.stringify(Object.fromEntries(NAMES.map((name) => [name, world(name)])), undefined, 1)};
`);
