// SPDX-License-Identifier: Apache-2.0
/** How this room tells the operator something; main owns the form and the stream. */
export type Log = (
  level: 'info' | 'warn' | 'error',
  msg: string,
  fields: Readonly<Record<string, unknown>>,
) => void;
