// SPDX-License-Identifier: Apache-2.0
/** The data session and its fd. */
import { FOUND, inState, never, type Table } from './case.js';

const LOAD = 'data write 60';
const DRAIN = 'data read 60\n2100ms dev1 data read 0';

export const STREAM: Table = {
  'data-session-killed': {
    kept: inState('PRE_COPY', 'data read 60'),
    broken: { 'in-PRE_COPY warning': inState('PRE_COPY', 'data read -> -ENODEV') },
    unknown: inState('PRE_COPY', 'data read late=1 -> -ENODEV'),
    benign: {
      'A thread that races': inState(
        'STOP_COPY',
        'set STOP {\n2100ms dev1 data read -> -ENODEV\n2200ms dev1 }',
      ),
    },
  },
  'data-fd-wrong-state': {
    kept: inState('STOP_COPY', 'data read 60'),
    broken: {
      'read-refused warning': inState('STOP_COPY', DRAIN, 'set STOP', 'data read -> -ENODEV'),
      'read-succeeded critical': inState('STOP_COPY', DRAIN, 'set STOP', 'data read 60'),
    },
    unknown: inState('STOP_COPY', 'data read 60 session=77'),
    benign: {
      'Reader threads': inState(
        'STOP_COPY',
        DRAIN,
        'set STOP\n3050ms dev1 data read -> -ENODEV',
        'data read 0',
      ),
      'ENODEV in the 5 s': inState('STOP_COPY', 'reset', 'data read -> -ENODEV'),
    },
  },
  'stop-copy-not-drained': {
    kept: inState('STOP_COPY', DRAIN, 'set STOP'),
    broken: {
      'rollback info': inState('STOP_COPY', 'data read 60', 'set RUNNING'),
      'incomplete warning': inState('STOP_COPY', 'data read 60', 'set RESUMING'),
      'incomplete-exit-0 critical': inState('STOP_COPY', 'data read 60', 'closed exit=0'),
    },
    unknown: inState('STOP_COPY', 'data read 60\n2500ms lost bulk 1', 'set RESUMING'),
    benign: {
      'Cancelled and failed': inState('STOP_COPY', 'data read 60', 'set RUNNING'),
      'QEMU that cancels': inState('STOP_COPY', 'data read 60', 'set STOP\n3100ms dev1 set RUNNING'),
    },
  },
  'resume-load-rejected': {
    kept: inState('RESUMING', LOAD, 'set RUNNING'),
    broken: { 'rejected critical': inState('RESUMING', LOAD, 'set RUNNING -> -EINVAL after=1') },
    unknown: inState('RESUMING', LOAD, 'set RUNNING -> -EINTR after=1'),
    benign: { 'None: the contract': never('none') },
  },
  'resume-without-data': {
    kept: inState('RESUMING', LOAD, 'set RUNNING'),
    broken: { 'no-data warning': inState('RESUMING', 'set RUNNING') },
    unknown: inState('RESUMING', 'tick\n2500ms lost bulk 1', 'set RUNNING').replace('dev1 tick', 'tick'),
    benign: { 'Driver test suites': inState('RESUMING', 'set STOP') },
  },
  'precopy-info-wrong-state': {
    kept: inState('PRE_COPY', 'precopy-info 4096'),
    broken: {
      'refused info': inState('STOP_COPY', 'precopy-info 0 -> -EINVAL'),
      'answered warning': inState('STOP_COPY', 'precopy-info 4096'),
    },
    unknown: `${FOUND}\n1s dev1 precopy-info 0 -> -EINVAL`,
    benign: {
      'A race with': inState('PRE_COPY', 'set STOP_COPY\n2050ms dev1 precopy-info 0 -> -EINVAL'),
    },
  },
  'precopy-left-early': {
    kept: inState('PRE_COPY', 'precopy-info 60', 'data read 60', 'set STOP_COPY'),
    broken: { 'initial-bytes-left info': inState('PRE_COPY', 'precopy-info 60', 'set STOP_COPY') },
    unknown: inState('PRE_COPY', 'set STOP_COPY'),
    benign: {
      'A recommendation': inState('PRE_COPY', 'precopy-info 60', 'set STOP_COPY'),
      'QEMU guarantees': inState('PRE_COPY', 'precopy-info 60', 'data read 60', 'set STOP_COPY'),
    },
  },
  'precopy-eos-encoding': {
    kept: inState('PRE_COPY', 'data read -> -ENOMSG'),
    broken: {
      'enomsg_in_stop_copy critical': inState('STOP_COPY', 'data read -> -ENOMSG'),
      'zero_in_precopy info': inState('PRE_COPY', 'data read 0'),
    },
    unknown: inState('PRE_COPY', 'data read 0 late=1'),
    benign: { '0 in PRE_COPY': inState('PRE_COPY', 'data read 0', 'data read 0') },
  },
  'data-session-superseded': {
    kept: inState('PRE_COPY', 'set RUNNING', 'data release', 'set PRE_COPY'),
    broken: {
      'superseded info': inState('PRE_COPY', 'set RUNNING', 'set PRE_COPY'),
      'out-of-sync warning': inState('PRE_COPY', 'reset', 'set PRE_COPY\n3002ms dev1 data release'),
    },
    unknown: inState('PRE_COPY', 'set RUNNING\n2500ms lost crit 1', 'set PRE_COPY'),
    benign: { 'An fd abandoned': inState('PRE_COPY', 'reset', 'set PRE_COPY') },
  },
  'data-fd-closed-early': {
    kept: inState('STOP_COPY', DRAIN, 'data release'),
    broken: {
      'cancel info': inState('PRE_COPY', 'data release', 'set RUNNING'),
      'early warning': `${inState('PRE_COPY', 'data release')}\n9s tick`,
      'in-RESUMING info': inState('RESUMING', LOAD, 'data release'),
    },
    unknown: inState('PRE_COPY', 'data release late=1'),
    benign: {
      'QEMU that cancels': `${inState('PRE_COPY', 'data release', 'set RUNNING')}\n9s tick`,
      'A libvirt destination': `${inState('RESUMING', LOAD, 'data release')}\n60s dev1 set RUNNING`,
    },
  },
  'data-fd-leaked': {
    kept: inState('STOP_COPY', DRAIN, 'set STOP', 'data release'),
    broken: { 'open info': `${inState('STOP_COPY', DRAIN, 'set STOP')}\n70s tick` },
    unknown: `${inState('STOP_COPY', DRAIN, 'set STOP')}\n4s lost crit 1\n70s tick`,
    benign: { 'An fd that was handed': `${inState('STOP_COPY', DRAIN, 'set STOP')}\n50s tick` },
  },
};
