// SPDX-License-Identifier: Apache-2.0
import { State } from '../model/fsm.js';
import { VM_FAULT_NOPAGE, VM_FAULT_SIGBUS } from '../model/touch.js';
import { setsState } from '../model/v1.js';
import { DirtyOpValue, type KernelEvent, RingValue } from '../wire/events.gen.js';
import { broken, KEPT, rule, SILENT, unknown } from './rule.js';

const MISSING = unknown('a reset may have been lost');

/** Is it the user who does something with the device? */
function uses(e: KernelEvent): boolean {
  if (e.kind === 'v1_access') return setsState(e);
  if (e.kind === 'fault') return e.prefault === 0 && (e.ret & (VM_FAULT_NOPAGE | VM_FAULT_SIGBUS)) !== 0;
  return e.kind !== 'dirty_log' || (e.op === DirtyOpValue.START && e.container === 0);
}

export const errorNotReset = rule({
  id: 'error-not-reset',
  version: 1,
  statement: 'After ERROR the user must reset the device.',
  says: 'To recover from ERROR VFIO_DEVICE_RESET must be used to return the device_state back to RUNNING.',
  where: 'include/uapi/linux/vfio.h, VFIO_DEVICE_STATE_ERROR',
  norm: 'N1',
  party: 'user',
  severities: ['warning', 'critical'],
  needs: ['migration-state', 'reset', 'open-close'],
  decides:
    'In ERROR for 5 s (critical: 60 s) with neither reset nor close, or used before the reset: SET_STATE, an access to a region or through a BAR mapping, an ioeventfd, DMA_LOGGING_START.',
  benign:
    'The management paused the VM for diagnosis. MAP_DMA of a BAR makes the kernel fault it in without any access.',
  action: 'Reset the device or stop the VM.',
  on: [
    'tick',
    'mig_set',
    'v1_access',
    'region_read',
    'region_write',
    'config_write',
    'fault',
    'ioeventfd',
    'dirty_log',
    'reset',
  ],
  ordinarily: { region_read: SILENT, region_write: SILENT, dirty_log: SILENT },
  judge(w, e, d, limits) {
    if (d?.state !== State.ERROR) return SILENT;
    if (e.kind === 'reset') return e.ret < 0 ? SILENT : KEPT;
    const evidence = { in_error_ns: e.at - d.errorAt };
    if (e.kind !== 'tick') return uses(e) ? broken('used-in-error', 'warning', { evidence }) : SILENT;
    if (evidence.in_error_ns < limits.errorResetWithin) return SILENT;
    if (w.mayHaveLost(RingValue.CRIT, d.errorAt)) return MISSING;
    if (evidence.in_error_ns >= limits.errorResetCritical)
      return broken('never-reset', 'critical', { evidence });
    return broken('not-reset', 'warning', { evidence });
  },
});
