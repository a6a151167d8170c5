// SPDX-License-Identifier: Apache-2.0
/** The v1 protocol, and what the agent says about itself. */
import { never, ONE, type Table } from './case.js';

const V1 = `0 dev1 opened mdev vendor_vgpu flags=none
  1ms dev1 v1 region
  2ms dev1 v1 read state 1`;
const SAVING = `${V1}\n1s dev1 v1 write state 2`;
const BUFFER = '2s dev1 v1 read pending 60\n3s dev1 v1 read offset 4096\n4s dev1 v1 read size 60';

export const OTHERS: Table = {
  'v1-invalid-state-bits': {
    kept: `${V1}\n1s dev1 v1 write state 3`,
    broken: {
      'invalid-101 warning': `${V1}\n1s dev1 v1 write state 5 -> -EINVAL`,
      'error-written warning': `${V1}\n1s dev1 v1 write state 6`,
      'reserved-bits warning': `${V1}\n1s dev1 v1 write state 0x102`,
      'length warning': `${V1}\n1s dev1 v1 write state 3 of=1`,
    },
    unknown: `${V1}\n1s dev1 v1 write state 3 miss=1`,
    benign: {
      'None known': never('none'),
      'Where device_state': {
        text: '0 dev1 opened mdev x flags=none\n1s dev1 v1 region\n2s dev1 v1 write state 3',
        answers: ['unknown'],
      },
    },
  },
  'v1-data-protocol-order': {
    kept: `${SAVING}\n${BUFFER}\n5s dev1 v1 read data 60`,
    broken: {
      'pending_bytes-not-read warning': `${SAVING}\n2s dev1 v1 read offset 4096`,
      'data-not-read warning': `${SAVING}\n${BUFFER}\n5s dev1 v1 read pending 60`,
      'pending-bytes-left warning': `${SAVING}\n2s dev1 v1 read pending 60\n3s dev1 v1 write state 0`,
      'rollback info': `${SAVING}\n2s dev1 v1 read pending 60\n3s dev1 v1 write state 1`,
    },
    unknown: `${SAVING}\n1500ms lost crit 1\n2s dev1 v1 read offset 4096`,
    benign: {
      'Migrations that are cancelled': `${SAVING}\n2s dev1 v1 read pending 60\n3s dev1 v1 write state 1`,
      'Reading a register twice': `${SAVING}\n${BUFFER}\n5s dev1 v1 read size 60\n6s dev1 v1 read data 60`,
      'Data of a mapped': {
        text: `${V1}\n500ms dev1 mmap region9+0 8192\n1s dev1 v1 write state 2\n${BUFFER}\n5s dev1 v1 read pending 0`,
        answers: ['kept', 'kept', 'kept', 'unknown'],
      },
    },
  },
  'unsupported-bus-type': {
    kept: ONE,
    broken: { 'mdev-dev1 info': '0 dev1 opened mdev mtty' },
    unknown: '0 dev1 opened mdev mtty miss=2',
    benign: { 'mtty, an mdev': '0 dev1 opened mdev mtty' },
  },
  'observability-gap': {
    kept: ONE,
    broken: {
      'lost-crit warning': `${ONE}\n1s dev1 set PRE_COPY\n2s lost crit 1`,
      'lost-bulk info': '0 lost bulk 1',
      'late-dev1 info': '0 dev1 found pci x',
      'detached info': '0 probe fentry x detached',
      'probe-x warning': '0 probe fentry x unavailable',
    },
    unknown: never('it is itself the statement that something is not known'),
    benign: { 'None: it is': never('none') },
  },
};
