// SPDX-License-Identifier: Apache-2.0
/** Dirty tracking. */
import { found, inState, never, ONE, running, type Table } from './case.js';

const LOST = '\n2500ms lost crit 1';
const TRACKED = `${ONE}\n1s dev1 log-range 0x0 0x10000000\n1s dev1 log start`;
const SAVED = '5s dev1 data read 0\n6s dev1 set STOP\n7s dev1 data release';
const source = (
  last: string,
  tracking = '1100ms dev1 log start\n2s dev1 log report 0x0 0x1000',
  end = 'exit=0',
) =>
  `${ONE}\n1s dev1 set PRE_COPY\n${tracking}\n3s dev1 set STOP_COPY\n${last}\n${SAVED}\n8s dev1 closed ${end}`;

export const TRACKING: Table = {
  'dirty-start-twice': {
    kept: running('log start', 'log stop', 'log start'),
    broken: {
      'refused warning': running('log start', 'log start -> -EINVAL'),
      'accepted critical': running('log start', 'log start'),
    },
    unknown: found('log start'),
    benign: { 'After a reset': running('log start', 'reset', 'log start -> -EINVAL') },
  },
  'dirty-not-stopped': {
    kept: running('log start', 'log stop'),
    broken: {
      'closed info': running('log start', 'closed exit=0'),
      'running warning': `${running('log start', 'set PRE_COPY', 'set RUNNING', 'data release')}\n70s tick`,
      'stop-without-start info': running('log stop'),
    },
    unknown: found('log stop'),
    benign: {
      'A QEMU source that succeeded': source('4s dev1 log report'),
      'A guest paused': `${running('log start', 'set PRE_COPY', 'set STOP_COPY', 'set RUNNING')}\n70s tick`,
    },
  },
  'dirty-report-inactive': {
    kept: running('log start', 'log report'),
    broken: {
      'refused warning': running('log report -> -EINVAL'),
      'answered warning': running('log report'),
    },
    unknown: found('log report -> -EINVAL'),
    benign: {
      'mtty answers': '0 dev1 opened mdev mtty\n1s dev1 log report',
      'A reset in': running('log start', 'reset', 'log report -> -EINVAL'),
    },
  },
  'dirty-report-error': {
    kept: running('log start', 'log report'),
    broken: {
      'failed warning': running('log start', 'log report -> -EIO'),
      'unsupported info': running('log start', 'log report -> -EOPNOTSUPP'),
      'unheeded critical': running('log start', 'log report -> -EIO', 'set STOP_COPY', 'data read 0'),
    },
    unknown: found('log report -> -EIO'),
    benign: {
      'EINTR.': running('log start', 'log report -> -EINTR'),
      'A user that takes': never('what the user makes of its memory is not recorded'),
    },
  },
  'dirty-no-final-report': {
    kept: source('4s dev1 log report 0x0 0x1000'),
    broken: {
      'range-missing critical': source('4s tick'),
      'never-reported critical': source('4s tick', '1100ms dev1 log start'),
    },
    unknown: source('4s lost crit 1'),
    benign: {
      'A return to RUNNING': `${source('4s dev1 set RUNNING').replace(/5s[\s\S]*/, '')}\n8s dev1 closed exit=0`,
      'QEMU that tracks only': source('4s dev1 log report', '1100ms dev1 log start'),
      'A process that was killed': { text: source('4s tick', undefined, 'signal=9'), answers: ['unknown'] },
    },
  },
  'dirty-range-gap': {
    kept: `${TRACKED}\n2s container1 map 0x1000 0x1000`,
    broken: { 'outside warning': `${TRACKED}\n2s container1 map 0x20000000 0x1000\n3s tick` },
    unknown: `${ONE}\n1s dev1 log start\n2s container1 map 0x20000000 0x1000\n3s tick`,
    benign: {
      'QEMU tracks from': `${TRACKED}\n2s container1 map 0x0ffff000 0x1000\n3s tick`,
      'BARs (peer': `${TRACKED}\n2s container1 map 0x20000000 0x1000\n2s container1 p2p dev1 bar0+0 0x20000000 0x1000\n3s tick`,
    },
  },
  'dirty-tracking-absent': {
    kept: running('log start', 'set PRE_COPY'),
    broken: { 'absent info': inState('PRE_COPY') },
    unknown: `${ONE}${LOST}\n3s dev1 set PRE_COPY`,
    benign: { 'A guest that is stopped': inState('STOP', 'set STOP_COPY') },
  },
};
