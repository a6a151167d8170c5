// SPDX-License-Identifier: Apache-2.0
import type { Observer } from '../model/world.js';

/** Tells one everything, and another the ends of stays and migrations. */
export function both(all: Observer, some: Pick<Observer, 'visit' | 'migration'>): Observer {
  return {
    arc: (...what) => all.arc(...what),
    stopped: (...what) => all.stopped(...what),
    irqsRestored: (window) => all.irqsRestored(window),
    appeared: (device) => all.appeared(device),
    gone: (device) => all.gone(device),
    visit: (...what) => {
      all.visit(...what);
      some.visit(...what);
    },
    migration: (...what) => {
      all.migration(...what);
      some.migration(...what);
    },
  };
}
