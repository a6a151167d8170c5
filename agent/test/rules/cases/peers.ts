// SPDX-License-Identifier: Apache-2.0
/** Several devices of one VM, and the time that its guest does without them. */
import { inState, ONE, REACHED, type Table, TWO } from './case.js';

const QUIET = '1s dev1 set RUNNING_P2P\n1100ms dev2 set RUNNING_P2P';
const STOPPED = `${QUIET}\n2s dev1 set STOP\n3s dev2 set STOP`;
const LACKING = TWO.replace('dev2 opened pci mlx5_vfio_pci', 'dev2 opened pci x flags=stop-copy');
const BOTH = '1s dev1 set STOP_COPY\n2s dev2 set STOP_COPY';

export const PEERS: Table = {
  'p2p-quiesce-order': {
    kept: `${TWO}\n${STOPPED}`,
    broken: {
      'peer-running info': `${TWO}\n1s dev1 set STOP`,
      'mapped-peer-running warning': `${REACHED}\n1s dev1 set STOP`,
    },
    unknown: `${TWO.replace('dev2 opened', 'dev2 found')}\n1s dev1 set STOP`,
    benign: {
      'One device unplugged': `${TWO}\n1s dev1 set STOP\n2s dev1 closed`,
      'Cloud Hypervisor': `${TWO}\n1s dev1 set STOP\n1001ms dev2 set STOP`,
      'QEMU 8.2': `${REACHED}\n${STOPPED}`,
    },
  },
  'p2p-release-order': {
    kept: `${TWO}\n${STOPPED}\n4s dev1 set RUNNING_P2P\n5s dev2 set RUNNING_P2P\n6s dev1 set RUNNING`,
    broken: {
      'peer-halted info': `${TWO}\n${STOPPED}\n4s dev1 set RUNNING`,
      'mapped-peer-halted warning': `${REACHED}\n${STOPPED}\n4s dev2 set RUNNING`,
      'rollback info': `${TWO}\n${STOPPED}\n4s dev1 set STOP_COPY\n5s dev1 set RUNNING`,
    },
    unknown: `${TWO}\n${STOPPED}\n3500ms lost crit 1\n4s dev1 set RUNNING`,
    benign: {
      'A source that rolls back': `${REACHED}\n${STOPPED}\n4s dev1 set STOP_COPY\n4100ms dev2 set STOP_COPY\n5s dev2 set RUNNING\n5001ms dev1 set RUNNING`,
      'Cloud Hypervisor': `${TWO}\n${STOPPED}\n4s dev1 set RUNNING\n4001ms dev2 set RUNNING`,
    },
  },
  'p2p-flag-missing-multi-device': {
    kept: `${TWO}\n${BOTH}`,
    broken: {
      'without-p2p info': `${LACKING}\n${BOTH}`,
      'mapped warning': `${LACKING}\n500ms container1 p2p dev1 bar0+0 0xfe000000 0x1000\n${BOTH}`,
    },
    unknown: `${TWO.replace('dev2 opened', 'dev2 found')}\n1s dev1 set STOP_COPY\n2s dev2 set STOP_COPY {\n3s dev2 reset\n4s dev2 }`,
    benign: {
      'hisi_acc, whose': `${TWO.replaceAll('mlx5_vfio_pci', 'hisi-acc-vfio-pci flags=stop-copy')}\n${BOTH}`,
      'QEMU refuses': `${LACKING}\n1s dev1 set STOP\n2s dev2 set STOP`,
    },
  },
  'no-quiescent-state': {
    kept: ONE,
    broken: {
      'no-p2p-state-dev1 info': '0 dev1 opened pci x flags=stop-copy',
      'pause-exit-on-touch-dev1 info': '0 dev1 opened pci hisi_acc_vfio_pci',
    },
    unknown: '0 dev1 opened pci x flags=stop-copy miss=2',
    benign: { 'A property of': '0 dev1 opened pci x flags=stop-copy' },
  },
  'blackout-budget-exceeded': {
    kept: inState('STOP_COPY', 'data read 60\n2100ms dev1 data read 0'),
    broken: {
      'over-budget warning': inState('STOP_COPY', 'data read 60', 'data read 0'),
      'over-budget critical': inState(
        'STOP_COPY',
        'data read 60',
        'data read 60',
        'data read 60',
        'data read 60',
        'data read 0',
      ),
    },
    unknown: inState('STOP_COPY', 'data read 60\n2500ms lost bulk 1', 'data read 0'),
    benign: {
      'STOP_COPY to STOP': `${inState('STOP_COPY')}\n9s dev1 data read 60\n9100ms dev1 data read 0\n60s dev1 set STOP took=5s`,
      'A guest paused in STOP': {
        text: inState('STOP', 'set STOP_COPY', 'data read 60', 'data read 0'),
        answers: ['unknown'],
      },
    },
  },
};
