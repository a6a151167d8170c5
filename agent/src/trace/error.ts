// SPDX-License-Identifier: Apache-2.0
/** A path that cannot be used as a trace, and why; the message names it. */
export class TraceError extends Error {}
