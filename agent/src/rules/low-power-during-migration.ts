// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../model/device.js';
import { State, UNKNOWN } from '../model/fsm.js';
import { type ConfigWriteEvent, ZapCauseValue } from '../wire/events.gen.js';
import { broken, IN_TRANSITION, KEPT, OUT_OF_STEP, rule, SILENT, STATE_UNKNOWN } from './rule.js';

const EXIT = 5;

/** The zap and the write that it is part of are this close, ns. */
const INSIDE_NS = 10e6;

/** Config space below it is the header, which has no power state. */
const FIRST_CAPABILITY = 0x40;
const D3HOT = 3;

/**
 * Where the PM capability is, is not recorded. But of what the user can write to a capability, only D3hot and a
 * function reset zap the BARs, inside the write; and a reset has a record of its own.
 */
function asksForD3hot(e: ConfigWriteEvent, d: Device): boolean {
  if (e.offset < FIRST_CAPABILITY || e.value % (D3HOT + 1) !== D3HOT) return false;
  const zapped =
    d.lastZapCause === ZapCauseValue.CONFIG && d.lastZapTid === e.tid && e.at - d.lastZapAt < INSIDE_NS;
  return zapped && d.lastResetAt < d.lastZapAt;
}

export const lowPowerDuringMigration = rule({
  id: 'low-power-during-migration',
  version: 1,
  statement: 'A device must not enter low power in the middle of a migration.',
  says: "Access to mmap'd device regions is disabled on LOW_POWER_ENTRY",
  where: 'include/uapi/linux/vfio.h, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY',
  norm: 'N4',
  party: 'user',
  severities: ['info', 'warning'],
  needs: ['migration-state'],
  decides:
    'LOW_POWER_ENTRY succeeded outside RUNNING, or a config write to a capability that asks for D3hot zapped the BARs and was no reset. In STOP: info, else warning.',
  benign: 'A guest that put the function to sleep before the migration.',
  action: 'The VMM must wake the device before it migrates it.',
  on: ['low_power', 'config_write'],
  judge(_w, e, d) {
    if (e.ret < 0 || (e.kind === 'low_power' && e.feature === EXIT)) return SILENT;
    if (e.kind === 'config_write' && !(d && asksForD3hot(e, d))) return SILENT;
    if (!d || d.state === UNKNOWN) return STATE_UNKNOWN;
    if (d.transition) return IN_TRANSITION;
    if (e.gen !== d.gen) return OUT_OF_STEP;
    if (d.state === State.RUNNING) return KEPT;
    const what = e.kind === 'low_power' ? 'entry' : 'd3hot';
    return broken(`${what}-in-${d.stateName}`, d.state === State.STOP ? 'info' : 'warning');
  },
});
