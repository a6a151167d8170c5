// SPDX-License-Identifier: Apache-2.0
/** Feature combinations that the uAPI defines. */
import { flagNames, MIG_P2P, MIG_PRE_COPY, MIG_STOP_COPY } from '../../src/model/fsm.js';

export const FEATURES = [
  MIG_STOP_COPY,
  MIG_STOP_COPY | MIG_P2P,
  MIG_STOP_COPY | MIG_PRE_COPY,
  MIG_STOP_COPY | MIG_P2P | MIG_PRE_COPY,
] as const;

/** As scenario lines have them. */
export const flagWords = (flags: number): string => flagNames(flags);
