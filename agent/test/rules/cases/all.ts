// SPDX-License-Identifier: Apache-2.0
/** The cases of all rules. */
import type { Table } from './case.js';
import { MEMORY } from './memory.js';
import { OTHERS } from './others.js';
import { PEERS } from './peers.js';
import { STATES } from './states.js';
import { STREAM } from './stream.js';
import { TOUCH } from './touch.js';
import { TRACKING } from './tracking.js';

export const TABLES: readonly Table[] = [TOUCH, MEMORY, STATES, STREAM, TRACKING, PEERS, OTHERS];
export const ALL: Table = Object.assign({}, ...TABLES);
