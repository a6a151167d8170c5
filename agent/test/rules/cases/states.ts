// SPDX-License-Identifier: Apache-2.0
/** The state machine, ERROR, reset, close. */
import { FOUND, found, inState, never, ONE, running, type Table } from './case.js';

const ERROR = ['get ERROR', 'get ERROR'];
/** Of which no arc is seen: the kernel never answers. */
const BLOCKED = 'skips 0 now=RUNNING\n2s dev1 set PRE_COPY after=0 {';
const TICKS = '4s tick\n5s tick\n9s tick';
const REJECTED = inState('RESUMING', 'data write 60', 'set RUNNING -> -EINVAL after=1');

export const STATES: Table = {
  'fsm-arc-rejected': {
    kept: inState('STOP'),
    broken: {
      'error-requested warning': running('set ERROR'),
      'out-of-range warning': running('set 9'),
      'unsupported warning': '0 dev1 opened pci x flags=stop-copy\n2s dev1 set RUNNING_P2P',
      'blocked warning': inState('STOP_COPY', 'set PRE_COPY'),
      'from-error critical': running('set STOP -> -EIO now=ERROR', ...ERROR, 'set RUNNING'),
    },
    unknown: running('set ERROR miss=1'),
    benign: {
      'Feature probing': '0 dev1 opened pci x flags=stop-copy\n500ms dev1 set RUNNING_P2P',
      'QEMU never probes': inState('STOP', 'set RUNNING'),
    },
  },
  'fsm-blocked-arc-spin': {
    kept: inState('STOP_COPY', 'set STOP'),
    broken: {
      'requested critical': inState('STOP_COPY', BLOCKED),
      'confirmed critical': `${inState('STOP_COPY', BLOCKED)}\n4s tick`,
    },
    unknown: found('set PRE_COPY after=0 {'),
    benign: {
      'A kernel that was seen': {
        text: inState('STOP_COPY', 'set PRE_COPY', 'set PRE_COPY'),
        answers: ['requested critical'],
      },
      'Devices without PRE_COPY':
        '0 dev1 opened pci x flags=stop-copy,p2p\n1s dev1 set STOP_COPY\n2s dev1 set PRE_COPY',
    },
  },
  'fsm-transition-failed': {
    kept: inState('STOP'),
    broken: { 'failed warning': running('set STOP -> -EIO after=1') },
    unknown: `${FOUND}\n1s dev1 skips 1\n2s dev1 set STOP {\n3s dev1 reset\n4s dev1 } -> -EIO`,
    benign: { 'Interrupted by a signal': running('set STOP -> -EINTR after=1') },
  },
  'fsm-landed-elsewhere': {
    kept: inState('STOP'),
    broken: {
      'no-reaction warning': `${running('set STOP_COPY -> -EIO after=2')}\n${TICKS}`,
      'success-elsewhere critical': running('set STOP {\n2100ms dev1 arc STOP STOP_COPY\n2200ms dev1 }'),
    },
    unknown: `${running('set STOP_COPY -> -EIO after=2')}\n3s lost crit 1\n${TICKS}`,
    benign: {
      'QEMU reacts at once': `${running('set STOP_COPY -> -EIO after=2')}\n2100ms dev1 reset\n${TICKS}`,
      'A reset inside': `${running('set STOP_COPY {')}\n3s dev1 reset tid=9\n3500ms dev1 } -> -EIO\n${TICKS}`,
    },
  },
  'fsm-async-change': {
    kept: inState('STOP', 'get STOP'),
    broken: {
      'to-RUNNING_P2P warning': inState('STOP', 'get RUNNING_P2P'),
      'to-STOP critical': inState('STOP_COPY', 'get STOP'),
    },
    unknown: inState('STOP', 'get RUNNING'),
    benign: {
      'A return to RUNNING': inState('STOP_COPY', 'get RUNNING'),
      'A change to ERROR': inState('STOP', 'get ERROR', 'reset', 'get STOP'),
      'A hot reset': inState('STOP', 'zap hot', 'get RUNNING_P2P'),
    },
  },
  'fsm-fd-not-delivered': {
    kept: inState('PRE_COPY'),
    broken: { 'in-PRE_COPY warning': running('set PRE_COPY -> -EMFILE after=9', 'get PRE_COPY') },
    unknown: never('an arc that had run cannot be told from one that had not until the state is seen'),
    benign: { 'None known': never('none') },
  },
  'fsm-transition-stuck': {
    kept: running('set STOP took=1s'),
    broken: {
      'slow warning': `${running('set STOP {')}\n8s tick`,
      'stuck critical': `${running('set STOP {')}\n70s tick`,
    },
    unknown: `${running('set STOP {')}\n3s lost crit 1\n8s tick`,
    benign: {
      'Loading a state': `${inState('RESUMING', 'data write 60', 'set STOP took=4s')}\n9s tick`,
      'The endless loop': `${inState('STOP_COPY', BLOCKED)}\n9s tick`,
    },
  },
  'state-dwell-exceeded': {
    kept: inState('RUNNING_P2P', 'set RUNNING'),
    broken: {
      'in-RUNNING_P2P warning': `${inState('RUNNING_P2P')}\n12s tick`,
      'drain-stalled warning': `${inState('STOP_COPY', 'data read 60')}\n70s tick`,
      'idle-in-RESUMING info': `${inState('RESUMING')}\n31min tick`,
    },
    unknown: `${inState('RUNNING_P2P')}\n3s lost crit 1\n12s tick`,
    benign: { 'A guest paused in pre-copy': `${inState('STOP_COPY')}\n70s tick` },
  },
  'error-state-entered': {
    kept: inState('STOP', 'get STOP'),
    broken: { 'error critical': running(...ERROR) },
    unknown: running('get ERROR'),
    benign: { 'None; of the in-tree': never('none') },
  },
  'error-not-reset': {
    kept: running(...ERROR, 'reset'),
    broken: {
      'not-reset warning': `${running(...ERROR)}\n9s tick`,
      'never-reset critical': `${running(...ERROR)}\n70s tick`,
      'used-in-error warning': running(...ERROR, 'region read bar0+0 4'),
    },
    unknown: `${running(...ERROR)}\n4s lost crit 1\n9s tick`,
    benign: {
      'The management': { text: `${running(...ERROR)}\n7s tick`, answers: [] },
      'MAP_DMA of a BAR': running(...ERROR, 'fault mapped bar0+0 prefault=1', 'reset'),
    },
  },
  'resuming-abort-without-reset': {
    kept: inState('RESUMING', 'reset'),
    broken: {
      'walked-on warning': `${REJECTED}\n4s dev1 set RUNNING`,
      'not-reset warning': `${REJECTED}\n${TICKS}`,
      'left-after-failed-write warning': inState('RESUMING', 'data write -> -EIO', 'set RUNNING'),
    },
    unknown: `${REJECTED}\n3500ms lost crit 1\n${TICKS}`,
    benign: {
      'Closing the device': `${REJECTED}\n3500ms dev1 closed exit=1\n${TICKS}`,
      'A SET_STATE or write': inState('RESUMING', 'data write -> -EINTR', 'set RUNNING'),
    },
  },
  'mig-flags-invalid': {
    kept: ONE,
    broken: { 'no-stop-copy-dev1 warning': '0 dev1 opened pci x flags=p2p' },
    unknown: '0 dev1 opened pci x miss=2',
    benign: { 'A kernel newer': never('which bits a kernel to come will define is not known') },
  },
  'open-not-running': {
    kept: running('get RUNNING'),
    broken: { 'in-STOP warning': running('get STOP') },
    unknown: never('it is judged only where the open was seen, and RUNNING by that'),
    benign: {
      'A device found open': found('get STOP'),
      'ERROR is': running('get ERROR'),
      'A hot reset': running('zap hot', 'get RUNNING'),
    },
  },
  'reset-not-running': {
    kept: running('reset', 'get RUNNING'),
    broken: { 'in-STOP critical': running('reset', 'get STOP') },
    unknown: running('reset\n2050ms dev1 get STOP'),
    benign: {
      'mlx5 defers': running('reset\n2050ms dev1 get STOP'),
      'ERROR is': running('reset', 'get ERROR'),
    },
  },
  'reset-during-migration': {
    kept: inState('STOP', 'reset'),
    broken: {
      'unexplained critical': inState('STOP_COPY', 'reset'),
      'guest-reboot warning': inState('PRE_COPY', 'reset'),
      'resume-abort info': inState('RESUMING', 'reset'),
      'foreign critical': inState('PRE_COPY', 'reset function tgid=1'),
    },
    unknown: found('reset'),
    benign: {
      'QEMU resets after': inState('PRE_COPY', 'set STOP_COPY -> -EIO after=1\n2100ms dev1 reset'),
      'A hot reset that was asked': inState('STOP_COPY', 'reset collateral tgid=9'),
    },
  },
  'hot-reset-collateral': {
    kept: running('reset collateral tgid=9'),
    broken: {
      'in-STOP_COPY critical': inState('STOP_COPY', 'reset collateral tgid=9'),
      'guest-reboot warning': inState('PRE_COPY', 'reset collateral'),
    },
    unknown: found('reset collateral tgid=9'),
    benign: { 'A VM that starts': running('reset collateral tgid=9') },
  },
  'close-mid-migration': {
    kept: inState('STOP', 'closed exit=0'),
    broken: {
      'in-STOP_COPY warning': inState('STOP_COPY', 'closed exit=0'),
      'in-PRE_COPY critical': inState('PRE_COPY', 'closed signal=11'),
      'in-RESUMING info': inState('RESUMING', 'closed exit=1'),
    },
    unknown: found('closed'),
    benign: {
      'A source that succeeded': inState('STOP_COPY', 'data read 0', 'set STOP', 'closed exit=0'),
      'An incoming QEMU': inState('RESUMING', 'closed exit=1'),
    },
  },
};
