// SPDX-License-Identifier: Apache-2.0
import type { ProbeState } from '../kernel/shim.js';

/** Kernel functions with a probe of ours; an entry and an exit probe of one function are one name. */
export const attachedNames = (probes: readonly ProbeState[]): string[] => [
  ...new Set(probes.filter((p) => p.status === 'attached').map((p) => p.name)),
];

/** Modules that are not there yet, comma-separated; their probes attach when they come. */
function waiting(probes: readonly ProbeState[]): string {
  const modules = probes.filter((p) => p.status === 'waiting' && p.required).map((p) => p.module);
  return [...new Set(modules)].join(',');
}

/** What to log of the probes: those that came and went since the last time, as all of them would fill a screen. */
export class ProbeChanges {
  private had: ReadonlySet<string> | undefined;

  since(probes: readonly ProbeState[]): Record<string, string | number> {
    const has = new Set(attachedNames(probes));
    const had = this.had;
    this.had = has;
    return {
      probes: has.size,
      ...(had && {
        attached: [...has].filter((name) => !had.has(name)).join(','),
        let_go: [...had].filter((name) => !has.has(name)).join(','),
      }),
      waiting_for_modules: waiting(probes),
    };
  }
}
