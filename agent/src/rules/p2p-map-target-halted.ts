// SPDX-License-Identifier: Apache-2.0
import { HALT, INIT, isIn, UNKNOWN } from '../model/fsm.js';
import { regionIndex } from '../model/touch.js';
import { RingValue } from '../wire/events.gen.js';
import { broken, IN_TRANSITION, KEPT, OUT_OF_STEP, rule, SILENT, STATE_UNKNOWN } from './rule.js';

export const p2pMapTargetHalted = rule({
  id: 'p2p-map-target-halted',
  version: 1,
  statement: "A halted device's BAR should not be mapped for DMA.",
  says: 'p2p is just DMA mapping of MMIO',
  where: 'Williamson, quoted in 20211101172506.GC2744544@nvidia.com',
  norm: 'N3',
  party: 'user',
  severities: ['info', 'warning'],
  scope: 'devices',
  needs: ['p2p-map', 'migration-state'],
  decides:
    'MAP_DMA of a BAR whose device is in STOP, STOP_COPY or RESUMING: info. Warning if a peer in the container is RUNNING or PRE_COPY, or not migratable, and can use it at once.',
  benign: 'Every QEMU destination with type1 maps all BARs inside RESUMING: info.',
  action: 'Warning: a running peer can write to the halted device.',
  on: ['p2p_map'],
  judge(w, e, _d, limits) {
    // Found, not made: who mapped it, and in which state of the target, is past.
    if (w.containers.get(e.container)?.foundBy === e.tid) return SILENT;
    const target = w.devices.get(e.target);
    if (e.miss || !target || target.state === UNKNOWN) return STATE_UNKNOWN;
    if (target.transition) return IN_TRANSITION;
    // The record names a mapping, not a state, and so carries no ordinal that would show a loss.
    if (w.mayHaveLost(RingValue.CRIT, target.landedAt)) return OUT_OF_STEP;
    if (!isIn(target.state, HALT)) return KEPT;
    const others = w.devicesOf(e.container).filter((p) => p !== target);
    const running = others.filter(
      (p) => limits.routing.between(p, target) && (!p.hasMigration || (!p.transition && isIn(p.state, INIT))),
    );
    return broken(running.length ? 'mapped-beside-running' : 'mapped', running.length ? 'warning' : 'info', {
      device: target,
      peers: running,
      evidence: {
        target: target.name,
        target_state: target.stateName,
        self: others.length === 0,
        bar: regionIndex(e.pos),
        iova: e.iovaHex,
        size: e.size,
        running_peers: running.map((p) => p.name),
      },
    });
  },
});
