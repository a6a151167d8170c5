// SPDX-License-Identifier: Apache-2.0
/** Stands for node:test in the bundle: remembers the tests, so that they can be run again and again, one by one. */
export const tests = [];
let file = '';

/** The tests that follow are this file's. */
export function inFile(name) {
  file = name;
}

export function test(name, run) {
  tests.push({ id: `${tests.length} ${name}`, name, file, run });
}
