// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../model/device.js';
import { HALT, INIT, isIn, State, UNKNOWN } from '../model/fsm.js';
import type { P2pMapping } from '../model/p2p_mappings.js';
import { regionIndex } from '../model/touch.js';
import type { Container, World } from '../model/world.js';
import { type KernelEvent, RingValue } from '../wire/events.gen.js';
import type { Limits } from './limits.js';
import {
  type Broken,
  broken,
  IN_TRANSITION,
  KEPT,
  OUT_OF_STEP,
  rule,
  SILENT,
  STATE_UNKNOWN,
  unknown,
  type Verdict,
} from './rule.js';

const MAPPED_BEFORE = unknown('mappings may have been made that were not seen');

/** Who may reach B's BARs by a mapping of this container. */
function* peers(w: World, b: Device, container: number, { routing }: Limits): Generator<Device> {
  for (const a of w.devicesOf(container)) if (a !== b && routing.between(a, b)) yield a;
}

/** Can A start DMA now? What its transition has come to is not known. */
function initiates(a: Device): Verdict {
  if (!a.hasMigration) return broken('', 'critical');
  if (a.transition) return IN_TRANSITION;
  if (a.state === UNKNOWN) return STATE_UNKNOWN;
  return isIn(a.state, INIT) ? broken('', 'critical') : KEPT;
}

/** Since when all of it holds: the mapping, A that may start DMA, B that is halted. */
const openSince = (a: Device, b: Device, m: P2pMapping): number =>
  Math.max(m.at, b.landedAt, a.hasMigration ? a.landedAt : a.knownAt);

/** What is written to B now goes to no other host: B is paused only, or a source that A has left already, going back. */
function staysHere(a: Device, b: Device): boolean {
  if (b.state !== State.STOP) return false;
  const side = b.episode?.side ?? 'pause-only';
  return side === 'pause-only' || (side === 'source' && a.hasMigration && a.landedAt > b.landedAt);
}

function finding(e: KernelEvent, a: Device, b: Device, m: P2pMapping): Broken {
  return broken(`from-${a.name}`, staysHere(a, b) ? 'warning' : 'critical', {
    device: b,
    peers: [a],
    evidence: {
      from: a.name,
      from_state: a.hasMigration ? a.stateName : 'not migratable',
      bar: regionIndex(m.pos),
      iova: `0x${m.iova.toString(16)}`,
      size: m.size,
      open_ns: e.at - openSince(a, b, m),
      p2p_routable: 'unknown',
    },
  });
}

/** One mapping of B's BAR, one device that can use it. */
function pair(w: World, e: KernelEvent, a: Device, b: Device, m: P2pMapping, limits: Limits): Verdict {
  const can = initiates(a);
  if (typeof can === 'string' || can.verdict === 'unknown') return can;
  if (e.at - openSince(a, b, m) < limits.p2pSustain) return SILENT;
  // Neither states nor mappings carry an ordinal here: after a loss one of them may be past.
  const oldest = Math.min(m.at, b.landedAt, a.hasMigration ? a.landedAt : a.knownAt);
  return w.mayHaveLost(RingValue.CRIT, oldest) ? OUT_OF_STEP : finding(e, a, b, m);
}

/** Every mapping of the container has been seen. */
const known = (w: World, c: Container): boolean => c.since >= 0 && !w.mayHaveLost(RingValue.CRIT, c.since);

/** Kept only if all is; a window that is too young to count is neither. */
function graver(x: Verdict | undefined, y: Verdict): Verdict {
  const rank = (v: Verdict) =>
    v === KEPT ? 0 : v === SILENT ? 1 : typeof v === 'string' || v.verdict === 'unknown' ? 2 : 3;
  return x === undefined || rank(y) > rank(x) ? y : x;
}

/** B is halted: who can reach it? */
function judgeTarget(w: World, e: KernelEvent, b: Device, limits: Limits): Verdict {
  let worst: Verdict | undefined;
  for (const c of w.containers.mapping(b.id)) {
    if (b.state === UNKNOWN) return STATE_UNKNOWN;
    worst = graver(worst, KEPT);
    for (const m of c.p2p.of(b.id))
      for (const a of peers(w, b, c.id, limits)) worst = graver(worst, pair(w, e, a, b, m, limits));
  }
  if (b.state === UNKNOWN) return SILENT;
  for (const c of w.containers.values()) {
    if (known(w, c)) continue;
    for (const a of peers(w, b, c.id, limits))
      if (initiates(a) !== KEPT) worst = graver(worst, MAPPED_BEFORE);
  }
  return worst ?? SILENT;
}

/** A is about to stop initiating DMA: a window closes that no tick may have seen. */
function judgeLeaving(w: World, e: KernelEvent, a: Device, limits: Limits): Verdict {
  let worst: Verdict = SILENT;
  const c = w.containers.get(a.container);
  if (!c || !isIn(a.state, INIT)) return worst;
  for (const target of c.p2p.targets()) {
    const b = w.devices.get(target);
    if (!b || b === a || b.transition || !isIn(b.state, HALT) || !limits.routing.between(a, b)) continue;
    for (const m of c.p2p.of(target)) worst = graver(worst, pair(w, e, a, b, m, limits));
  }
  return worst;
}

export const p2pWindowOpen = rule({
  id: 'p2p-window-open',
  version: 1,
  statement:
    'While a device is halted, no other device that has its BAR mapped for DMA may be able to start P2P DMA to it.',
  says: "it's the user's responsibility to prevent external DMA to devices while in the !_RUNNING state",
  where:
    'Williamson, quoted in 20211101172506.GC2744544@nvidia.com; the mechanism: include/uapi/linux/vfio.h, VFIO_DEVICE_STATE_RUNNING_P2P',
  norm: 'N1',
  party: 'user',
  severities: ['warning', 'critical'],
  scope: 'devices',
  needs: ['p2p-map', 'migration-state'],
  decides:
    'For more than a millisecond: device B in STOP, STOP_COPY or RESUMING, its BAR mapped in a container, and a device A of that container in RUNNING or PRE_COPY, or not migratable at all. Judged at each tick and when A or B leaves that state. Warning where B is in STOP and does not leave this host: in a pause without migration, or where A was set going again after B had stopped as a source. Unknown where a device or its mappings are older than the agent. Whether A masters the bus is not observed: assumed.',
  benign:
    'Platforms that do not route P2P: hisi_acc, and what `p2p.unroutable` of the configuration names, are excepted. QEMU 8.2 and later stops in two passes and keeps the window shut. A source that goes back, as QEMU does that cancels while its guest is paused, starts device by device (warning).',
  action: 'Quiesce A before B is stopped, or remove the mapping.',
  on: ['tick', 'mig_set'],
  judge(w, e, d, limits) {
    if (!d || d.transition) return SILENT;
    if (d.state === UNKNOWN || isIn(d.state, HALT)) return judgeTarget(w, e, d, limits);
    return e.kind === 'mig_set' ? judgeLeaving(w, e, d, limits) : SILENT;
  },
});
