// SPDX-License-Identifier: Apache-2.0
import type { Device, Visit } from '../model/device.js';
import { HALT, isIn, STATE_NAMES, State } from '../model/fsm.js';
import type { Session } from '../model/session.js';
import { setsState, V1Register } from '../model/v1.js';
import type { DataReadEvent, MigSetRetEvent, V1AccessEvent } from '../wire/events.gen.js';
import { arrival } from './arrival.js';
import type { Limits } from './limits.js';
import { broken, KEPT, rule, SILENT, unknown, type Verdict } from './rule.js';

const LOSSY = unknown('records of this episode may have been lost');
const V1_START = unknown('how long the write took that started this v1 device is not recorded');
const PAUSED = unknown('the guest may have been paused in STOP before');

function judged(total: number, limits: Limits, evidence: Record<string, unknown>): Verdict {
  if (total <= limits.blackoutBudget) return KEPT;
  const severity = total > 10 * limits.blackoutBudget ? 'critical' : 'warning';
  return broken('over-budget', severity, {
    evidence: { ...evidence, total_ns: total, budget_ns: limits.blackoutBudget },
  });
}

/** Was STOP_COPY entered from STOP? Then the wait there is a paused guest or the final RAM pass: not told apart. */
function cameByStop(d: Device): boolean {
  return d.history.findLast((v) => v.landed === 'STOP_COPY' && v.from !== v.landed)?.from === 'STOP';
}

/** Does this read tell that all has been read? */
function endsStream(e: DataReadEvent | V1AccessEvent, s: Session): boolean {
  if (e.kind === 'data_read') return e.ret === 0 && e.count > 0 && s.id === e.session;
  return !e.write && e.ret > 0 && !e.miss && e.offset === V1Register.PENDING_BYTES && e.value === 0;
}

/** Stop pass plus drain, at the end of the stream; the wait of pause-before-switchover lies between and is left out. */
function onDrained(e: DataReadEvent | V1AccessEvent, d: Device, limits: Limits): Verdict {
  const s = d.session;
  if (d.state !== State.STOP_COPY || d.transition) return SILENT;
  if (!s || !endsStream(e, s) || s.eos || d.episode?.side !== 'source') return SILENT;
  if (s.lossy || d.episode.stoppedAt < 0) return LOSSY;
  const stop = d.landedAt - d.episode.stoppedAt;
  const drain = s.drainBeganAt < 0 ? 0 : e.at - s.drainBeganAt;
  if (stop + drain > limits.blackoutBudget && cameByStop(d)) return PAUSED;
  return judged(stop + drain, limits, { stop_pass_ns: stop, drain_ns: drain, bytes: s.bytesRead });
}

const halted = (v: Visit) => isIn((STATE_NAMES as readonly string[]).indexOf(v.from), HALT);

/** When the write that starts the device began is not recorded. */
function onV1State(e: V1AccessEvent, d: Device): Verdict {
  const starts = arrival(e, d)?.to === State.RUNNING && d.state !== State.RUNNING;
  return starts && d.episode?.side === 'destination' ? V1_START : SILENT;
}

/** Load plus start pass; a wait in STOP between them is left out: nobody may be waiting for the guest. */
function onRunning(e: MigSetRetEvent, d: Device, limits: Limits): Verdict {
  if (e.ret < 0 || e.requested !== State.RUNNING || d.episode?.side !== 'destination') return SILENT;
  const t = d.transition;
  if (t?.from === State.RUNNING) return SILENT;
  if (!t || t.disturbed) return LOSSY;
  const load = d.history.findLast((v) => v.from === 'RESUMING' && v.ret === 0);
  const start = isIn(t.from, HALT) ? t.at : d.history.findLast(halted)?.enter;
  if (start === undefined || (t.from !== State.RESUMING && !load)) return LOSSY;
  const apart = t.from !== State.RESUMING && load?.landed === 'STOP' ? load.exit - load.enter : 0;
  return judged(e.at - start + apart, limits, { load_ns: apart, load_and_start_ns: e.at - start + apart });
}

export const blackoutBudgetExceeded = rule({
  id: 'blackout-budget-exceeded',
  version: 1,
  statement: "The time in which the guest's device does not work stays within the configured downtime.",
  basis: 'downtime-limit, 300 ms by default',
  where: 'QEMU migration/options.c; an objective of operation, not of the uAPI',
  norm: 'N4',
  party: 'ops',
  severities: ['warning', 'critical'],
  scope: 'vm',
  needs: ['migration-state', 'data-stream'],
  decides:
    'Source: from leaving RUNNING/PRE_COPY to STOP_COPY, plus first to last read in STOP_COPY. Destination: from the SET_STATE that leaves RESUMING to RUNNING, without a wait in STOP. Over the budget: warning; over ten times: critical. Each host is judged alone.',
  benign:
    'STOP_COPY to STOP comes after completion and is not counted; nor is the wait of pause-before-switchover. A guest paused in STOP before the stream: unknown if over the budget.',
  action: 'The evidence says which part was slow: stop pass, drain, or load and start.',
  on: ['data_read', 'mig_set_ret', 'v1_access'],
  ordinarily: { data_read: SILENT },
  judge(_w, e, d, limits) {
    if (!d) return SILENT;
    if (e.kind === 'mig_set_ret') return onRunning(e, d, limits);
    return e.kind === 'v1_access' && setsState(e) ? onV1State(e, d) : onDrained(e, d, limits);
  },
});
