// SPDX-License-Identifier: Apache-2.0
/**
 * How much is tried. The same each time, so that a failure is the change's and not the day's; to look further:
 *   RUNS=20000 SEED=1 node --test build/agent/test/property/
 * A failure prints its seed and path, and the walk that failed.
 */
import type { Limits } from '../../src/rules/limits.js';

const { RUNS = '300', SEED = '20211101' } = process.env;

export const RUN = { numRuns: Number(RUNS), seed: Number(SEED), includeErrorInReport: true } as const;

/** Walks dawdle while the guest is stopped; what that costs is another test's subject. */
export const LIMITS: Partial<Limits> = { blackoutBudget: Number.POSITIVE_INFINITY };
