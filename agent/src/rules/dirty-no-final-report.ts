// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../model/device.js';
import { State } from '../model/fsm.js';
import type { Reports } from '../model/reports.js';
import type { World } from '../model/world.js';
import { RingValue } from '../wire/events.gen.js';
import { broken, KEPT, rule, SILENT, unknown, type Verdict } from './rule.js';

const KILLED = unknown('the process was killed or failed: whether it had given the VM up is not known');
const MISSING = unknown('a report may have been lost');
const UNSURE = unknown('a report may have been asked for before the device had halted');
const TOO_MANY = unknown('more ranges were reported than are kept in mind');

/** Whose tracking the VM relied on: the device's own, or that of the container, asked of its last device. */
function trackerOf(w: World, d: Device): Reports | undefined {
  if (d.reports.startedAt >= 0) return d.reports;
  const c = w.containers.get(d.container);
  if (!c || c.reports.startedAt < 0) return undefined;
  for (const p of w.devicesOf(c.id)) if (p !== d) return undefined;
  return c.reports;
}

function judged(r: Reports): Verdict {
  if (r.before.incomplete || r.after.incomplete) return TOO_MANY;
  const gap = r.before.notIn(r.after);
  if (!gap && !(r.before.isEmpty && r.after.isEmpty)) return KEPT;
  if (r.unsure) return UNSURE;
  return broken(gap ? 'range-missing' : 'never-reported', 'critical', {
    evidence: gap
      ? {
          iova: `0x${gap.from.toString(16)}`,
          size: gap.to - gap.from,
          reported_after_halt: [...r.after].length,
        }
      : { reported_after_halt: 0 },
  });
}

export const dirtyNoFinalReport = rule({
  id: 'dirty-no-final-report',
  version: 1,
  statement:
    'After the last device has halted, one more dirty report of everything tracked is needed before the source gives the VM up.',
  basis:
    'the last pages that a device dirties, it dirties just before it halts: only a report after that has them',
  where:
    'consequence of include/uapi/linux/vfio.h, VFIO_DEVICE_FEATURE_DMA_LOGGING_START and VFIO_DEVICE_STATE_STOP; no literal sentence',
  norm: 'N1',
  party: 'user',
  severities: ['critical'],
  needs: ['dirty-log', 'dma-map', 'data-stream', 'migration-state', 'open-close'],
  decides:
    'A source device is closed in STOP or STOP_COPY after its stream had reached its end, tracking had been on (its own, or its container’s), and some memory that was reported in this migration before the halt was not reported after it; or nothing was ever reported. Memory that was unmapped needs no report.',
  benign:
    'A return to RUNNING; no tracking at all (all memory is resent); reports that failed (dirty-report-error says so). QEMU that tracks only after the stop has no report before it. A process that was killed: unknown.',
  action: 'The destination may run on stale pages: treat the migration as failed.',
  on: ['close'],
  judge(w, e, d) {
    if (!d || e.last !== 1 || d.episode?.side !== 'source') return SILENT;
    if (d.state !== State.STOP && d.state !== State.STOP_COPY) return SILENT;
    if (d.session?.direction !== 'save' || !d.session.eos) return SILENT;
    const r = trackerOf(w, d);
    if (!r || r.failed) return SILENT;
    if (e.exiting === 1 && e.exitCode !== 0) return KILLED;
    return w.mayHaveLost(RingValue.CRIT, r.startedAt) ? MISSING : judged(r);
  },
});
