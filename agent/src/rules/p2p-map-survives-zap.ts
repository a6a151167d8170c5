// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../model/device.js';
import { INIT, isIn } from '../model/fsm.js';
import type { P2pMapping } from '../model/p2p_mappings.js';
import { regionIndex } from '../model/touch.js';
import type { World } from '../model/world.js';
import { type DmaRemoveEvent, RingValue, type TickEvent, ZapCauseValue } from '../wire/events.gen.js';
import type { Limits } from './limits.js';
import { broken, KEPT, rule, type Severity, SILENT, unknown, type Verdict } from './rule.js';

const MISSING = unknown('the end of the mapping may have been lost');
const CAUSES = ['other', 'reset', 'hot reset', 'config write', 'low power'];

/** A reset that the device's own process did not ask for: it does not know that it must unmap. */
function severity(a: Device, b: Device): Severity {
  const wasReset = b.lastZapCause === ZapCauseValue.RESET || b.lastZapCause === ZapCauseValue.HOT_RESET;
  return wasReset && b.lastZapTgid !== b.tgid && isIn(a.state, INIT) ? 'warning' : 'info';
}

function finding(e: TickEvent, a: Device, b: Device, m: P2pMapping): Verdict {
  return broken(`in-${a.name}`, severity(a, b), {
    evidence: {
      from: a.name,
      from_state: a.stateName,
      bar: regionIndex(m.pos),
      iova: `0x${m.iova.toString(16)}`,
      size: m.size,
      zapped_by: CAUSES[b.lastZapCause] ?? b.lastZapCause,
      since_zap_ns: e.at - b.lastZapAt,
    },
  });
}

function onTick(w: World, e: TickEvent, b: Device, limits: Limits): Verdict {
  if (b.lastZapAt < 0 || e.at - b.lastZapAt < limits.zapUnmapWithin) return SILENT;
  for (const c of w.containers.mapping(b.id))
    for (const m of c.p2p.of(b.id)) {
      if (m.at > b.lastZapAt) continue;
      for (const a of w.devicesOf(c.id)) {
        if (a === b) continue;
        return w.mayHaveLost(RingValue.CRIT, m.at) ? MISSING : finding(e, a, b, m);
      }
    }
  return SILENT;
}

/** The mapping went soon after the zap. */
function onRemove(w: World, e: DmaRemoveEvent, limits: Limits): Verdict {
  for (const m of w.containers.get(e.container)?.p2p.within(e.iova, e.size) ?? []) {
    const b = w.devices.get(m.target);
    if (b && b.lastZapAt >= m.at && e.at - b.lastZapAt < limits.zapUnmapWithin) return KEPT;
  }
  return SILENT;
}

export const p2pMapSurvivesZap = rule({
  id: 'p2p-map-survives-zap',
  version: 1,
  statement: 'A BAR whose CPU mappings were revoked should not stay mapped for DMA.',
  basis: 'vfio_pci_zap_bars() unmaps i_mapping and nothing else',
  where: 'drivers/vfio/pci/vfio_pci_core.c; Linux 6.19 revokes such mappings by dma-buf',
  norm: 'N4',
  party: 'kernel',
  severities: ['info', 'warning'],
  scope: 'mappings',
  needs: ['p2p-map', 'zap'],
  decides:
    "A BAR of the device was mapped for another device's DMA before the zap, and still is a second later: info. Warning where the zap was a reset by another process than the device's own, and the other device is RUNNING or PRE_COPY.",
  benign:
    'A guest that sizes BARs turns memory decoding off; QEMU unmaps at once. A VMM that resets its own device.',
  action: "Warning: the other device's DMA hits a device that was reset behind its user's back.",
  on: ['tick', 'dma_remove'],
  judge(w, e, d, limits) {
    if (e.kind === 'dma_remove') return onRemove(w, e, limits);
    return d ? onTick(w, e, d, limits) : SILENT;
  },
});
