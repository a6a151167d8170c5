// SPDX-License-Identifier: Apache-2.0

export const EXIT_USAGE = 2;

/** Wrong flag, value or file: the message says which and what was expected. Exit 2. */
export class UsageError extends Error {}
