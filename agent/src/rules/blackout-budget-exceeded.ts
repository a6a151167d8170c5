// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../model/device.js';
import { State } from '../model/fsm.js';
import type { DataReadEvent, MigSetRetEvent } from '../wire/events.gen.js';
import type { Limits } from './limits.js';
import { broken, KEPT, rule, SILENT, unknown, type Verdict } from './rule.js';

const LOSSY = unknown('records of this episode may have been lost');

function judged(total: number, limits: Limits, evidence: Record<string, unknown>): Verdict {
  if (total <= limits.blackoutBudget) return KEPT;
  const severity = total > 10 * limits.blackoutBudget ? 'critical' : 'warning';
  return broken('over-budget', severity, {
    evidence: { ...evidence, total_ns: total, budget_ns: limits.blackoutBudget },
  });
}

/** Stop pass plus drain, at the end of the stream; the wait of pause-before-switchover lies between and is left out. */
function onDrained(e: DataReadEvent, d: Device, limits: Limits): Verdict {
  const s = d.session;
  if (e.ret !== 0 || e.count === 0 || d.state !== State.STOP_COPY || d.transition) return SILENT;
  if (!s || s.id !== e.session || s.eos || d.episode?.side !== 'source') return SILENT;
  if (s.lossy || d.episode.stoppedAt < 0) return LOSSY;
  const stop = d.landedAt - d.episode.stoppedAt;
  const drain = s.drainBeganAt < 0 ? 0 : e.at - s.drainBeganAt;
  return judged(stop + drain, limits, { stop_pass_ns: stop, drain_ns: drain, bytes: s.bytesRead });
}

/** Load plus start pass: from the SET_STATE that leaves RESUMING to RUNNING. */
function onRunning(e: MigSetRetEvent, d: Device, limits: Limits): Verdict {
  if (e.ret < 0 || e.requested !== State.RUNNING || d.episode?.side !== 'destination') return SILENT;
  const t = d.transition;
  if (!t) return LOSSY;
  const began = t.from === State.RESUMING ? t.at : d.history.findLast((v) => v.from === 'RESUMING')?.enter;
  if (began === undefined) return LOSSY;
  return judged(e.at - began, limits, { load_and_start_ns: e.at - began });
}

export const blackoutBudgetExceeded = rule({
  id: 'blackout-budget-exceeded',
  version: 1,
  statement: "The time in which the guest's device does not work stays within the configured downtime.",
  says: 'downtime-limit, 300 ms by default',
  where: 'QEMU migration/options.c; an objective of operation, not of the uAPI',
  norm: 'N4',
  party: 'ops',
  severities: ['warning', 'critical'],
  needs: ['migration-state', 'data-stream'],
  decides:
    'Source: from leaving RUNNING/PRE_COPY to STOP_COPY, plus first to last read in STOP_COPY. Destination: from the SET_STATE that leaves RESUMING to RUNNING. Over the budget: warning; over ten times: critical. Each host is judged alone.',
  benign: 'STOP_COPY to STOP comes after completion and is not counted; nor is the wait of pause-before-switchover.',
  action: 'The evidence says which part was slow: stop pass, drain, or load and start.',
  on: ['data_read', 'mig_set_ret'],
  judge(_w, e, d, limits) {
    if (!d) return SILENT;
    return e.kind === 'data_read' ? onDrained(e, d, limits) : onRunning(e, d, limits);
  },
});
