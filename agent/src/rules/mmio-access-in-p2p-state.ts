// SPDX-License-Identifier: Apache-2.0
import { QUIET } from '../model/fsm.js';
import { regionIndex, VM_FAULT_NOPAGE } from '../model/touch.js';
import { CONFIG_REGION, indexKnown } from './region.js';
import { broken, KEPT, rule, SILENT } from './rule.js';
import { settledIn } from './settled.js';

export const mmioAccessInP2pState = rule({
  id: 'mmio-access-in-p2p-state',
  version: 1,
  statement: 'The user must not touch the device by CPU in RUNNING_P2P or PRE_COPY_P2P.',
  says: 'Like while in STOP or STOP_COPY the user must not touch the device, otherwise the state can be exited.',
  where: 'include/uapi/linux/vfio.h, VFIO_DEVICE_STATE_RUNNING_P2P',
  norm: 'N1',
  party: 'user',
  severities: ['info', 'warning'],
  needs: ['region-access', 'mmio-fault', 'migration-state'],
  decides:
    'A region access other than config, or a BAR fault that mapped something, more than 50 µs after the landing. qat stays operable in this state: info.',
  benign: 'MAP_DMA prefaults; peers may write by P2P, which is not seen.',
  action: 'The VMM must stop vCPUs and its own MMIO before it asks for a P2P state.',
  on: ['region_read', 'region_write', 'fault'],
  ordinarily: { region_read: KEPT, region_write: KEPT },
  judge(_w, e, d, limits) {
    if (e.kind === 'fault' && (e.prefault === 1 || !(e.ret & VM_FAULT_NOPAGE))) return SILENT;
    const quiet = settledIn(d, e, QUIET, limits.epsCpu);
    if (typeof quiet !== 'boolean') return quiet;
    if (!quiet || !d) return KEPT;
    const region = regionIndex(e.pos);
    if (e.kind !== 'fault' && (!indexKnown(d) || region === CONFIG_REGION)) return SILENT;
    const operable = d.driver.startsWith('qat');
    return broken(`${e.kind}-in-${d.stateName}`, operable ? 'info' : 'warning', {
      evidence: { region, offset: e.pos % 2 ** 40, quiet_ns: e.at - d.landedAt },
    });
  },
});
