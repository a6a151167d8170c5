// SPDX-License-Identifier: Apache-2.0

/** Not whole: V8 can only keep it as a double. */
const HALF = 0.5;

/**
 * V8 keeps a field of a class as narrowly as what it has seen of it allows. The first time that is too large for a
 * small integer changes the layout of all objects of the class, and all code that was compiled for them is thrown away
 * and compiled anew: for one busy class after the other that is most of what the first millions of records cost. So
 * each such class shows one object, which is not used, with doubles in those fields. Nothing that is computed changes.
 */
export function doubles<T>(
  shown: T,
  ...fields: { [K in keyof T]: T[K] extends number ? K : never }[keyof T][]
): void {
  for (const field of fields) (shown[field] as number) = HALF;
}
