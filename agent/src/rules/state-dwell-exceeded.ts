// SPDX-License-Identifier: Apache-2.0
import { seesStream } from '../model/coverage.js';
import type { Device } from '../model/device.js';
import { isIn, QUIET, SAVE, State } from '../model/fsm.js';
import type { World } from '../model/world.js';
import { type MigSetEvent, RingValue, type TickEvent } from '../wire/events.gen.js';
import type { Limits } from './limits.js';
import { broken, KEPT, rule, SILENT, type Unknown, unknown, type Verdict } from './rule.js';

const TRANSITIONAL = QUIET | SAVE | (1 << State.RESUMING);
const MISSING = unknown('the end of the state may have been lost');
const DATA_UNSEEN = unknown('whether data moved was not seen');

/** How long nothing has moved: a lower bound where the landing was not seen. */
function idle(d: Device, at: number): number {
  const since = isIn(d.state, QUIET) ? d.landedAt : Math.max(d.landedAt, d.session?.lastDataAt ?? -1);
  return at - since;
}

function limitOf(d: Device, limits: Limits): number {
  if (isIn(d.state, QUIET)) return limits.dwellQuiet;
  if (d.state === State.STOP_COPY) return limits.dwellStopCopyIdle;
  return d.state === State.PRE_COPY ? limits.dwellPrecopyIdle : limits.dwellResumingIdle;
}

function unseen(w: World, d: Device): Unknown | undefined {
  if (w.mayHaveLost(RingValue.CRIT, d.landedAt)) return MISSING;
  if (isIn(d.state, QUIET)) return undefined;
  const s = d.session;
  const complete = s && s.endedAt < 0 && !s.lossy && !w.mayHaveLost(RingValue.BULK, s.openedAt);
  return complete && seesStream(w.probes, d) ? undefined : DATA_UNSEEN;
}

function judge(w: World, e: TickEvent | MigSetEvent, d: Device, limits: Limits): Verdict {
  const dwell = idle(d, e.at);
  if (dwell < limitOf(d, limits)) return e.kind === 'tick' ? SILENT : (unseen(w, d) ?? KEPT);
  if (e.kind !== 'tick') return SILENT; // the ticks have said so
  const unsure = unseen(w, d);
  if (unsure) return unsure;
  const s = d.session;
  const evidence = { idle_ns: dwell, bytes_read: s?.bytesRead ?? 0, bytes_written: s?.bytesWritten ?? 0 };
  if (isIn(d.state, QUIET)) return broken(`in-${d.stateName}`, 'warning', { evidence });
  const stalled = d.state === State.STOP_COPY && s !== undefined && s.drainBeganAt >= 0 && !s.eos;
  if (stalled) return broken('drain-stalled', 'warning', { evidence });
  return broken(`idle-in-${d.stateName}`, 'info', { evidence });
}

export const stateDwellExceeded = rule({
  id: 'state-dwell-exceeded',
  version: 1,
  statement: 'A device should not stay in a transitional state longer than a migration explains.',
  basis: 'what no phase of a migration explains, the guest waits for',
  where:
    'an objective of operation, not of the uAPI; the quiescent states and STOP_COPY are time of the guest',
  norm: 'N4',
  party: 'ops',
  severities: ['info', 'warning'],
  needs: ['migration-state', 'data-stream'],
  decides:
    'RUNNING_P2P or PRE_COPY_P2P for 10 s: warning. STOP_COPY with no data for 60 s: warning where the drain had begun, else info. PRE_COPY with no data for 30 min, or RESUMING if no vCPU ran either: info.',
  benign:
    'A guest paused in pre-copy, or pause-before-switchover, is parked in STOP_COPY before the drain; a libvirt destination stays in RESUMING until `cont`: info.',
  action: 'Look for what the VMM waits for: the network, the management, another device.',
  on: ['tick', 'mig_set'],
  judge(w, e, d, limits) {
    if (!d || d.transition || !isIn(d.state, TRANSITIONAL)) return SILENT;
    // A guest that runs waits for nothing: what is wrong there, vcpu-entry-while-halted says.
    if (d.state === State.RESUMING && d.lastVcpuEntryAt >= d.landedAt) return SILENT;
    return judge(w, e, d, limits);
  },
});
