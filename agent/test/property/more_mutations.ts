// SPDX-License-Identifier: Apache-2.0
/** Illegal acts, continued: DMA and its tracking, peers, the v1 protocol, what comes from outside of the VMM. */
import { MIG_PRE_COPY, State } from '../../src/model/fsm.js';
import type { Mutation } from './mutations.js';
import type { Walk } from './walk.js';

const S = 1_000_000;
/** Above all that a walk maps. */
const HIGH = '0x100000000 0x1000';

const does = (what: string) => (w: Walk) => w.say(`dev1 ${what}`);
const says =
  (...lines: string[]) =>
  (w: Walk) => {
    for (const line of lines) w.say(line);
  };
const V1 = ['old1 opened mdev vendor_vgpu flags=none', 'old1 v1 region', 'old1 v1 read state 1'];

export const MORE_MUTATIONS: readonly Mutation[] = [
  {
    what: 'a page is dirty again',
    in: State.STOP,
    breaks: ['dma-dirty-while-halted'],
    act: says(
      'dev1 log start',
      'dev1 log report 0x0 0x100000',
      'dev1 dirty-bits 1 0x1000 0x1000',
      'dev1 log report 0x0 0x100000',
      'dev1 log stop',
    ),
  },
  {
    what: 'DMA is refused',
    in: State.STOP,
    breaks: ['iommu-fault-while-halted'],
    act: does('iommu-fault 0x1000'),
  },
  {
    what: 'a vCPU runs',
    in: State.STOP_COPY,
    breaks: ['vcpu-entry-while-halted'],
    act: does('vcpu 0 tid=9'),
  },
  {
    what: 'the device reports an error',
    in: State.STOP,
    breaks: ['host-error-while-halted'],
    act: does('aer fatal'),
  },
  {
    what: 'another device of the slot is reset',
    in: State.STOP_COPY,
    breaks: ['hot-reset-collateral'],
    act: (w) => {
      w.wait(2000);
      w.say('dev1 reset collateral tgid=9');
    },
  },
  {
    what: 'the device is attached elsewhere',
    in: State.PRE_COPY,
    breaks: ['ioas-change-while-halted'],
    act: does('ioas attach 2'),
  },
  {
    what: 'memory is unmapped unreported',
    in: State.STOP_COPY,
    breaks: ['dma-map-change-in-stop-copy'],
    act: says('container1 track start', `container1 unmap ${HIGH}`),
  },
  {
    what: 'memory is unmapped, and never reported again,',
    in: State.RUNNING,
    breaks: ['dma-unmap-drops-dirty'],
    act: says(
      'container1 track start',
      `container1 unmap ${HIGH}`,
      'dev1 set STOP_COPY session=900',
      'dev1 data read 0 session=900',
      'dev1 set STOP',
    ),
  },
  {
    what: 'saved without a last report',
    in: State.RUNNING,
    breaks: ['dirty-no-final-report'],
    act: says(
      'dev1 log start',
      'dev1 log report',
      'dev1 set STOP_COPY session=900',
      'dev1 data read 0 session=900',
      'dev1 set STOP',
      'dev1 data release session=900',
      'dev1 closed exit=0',
    ),
  },
  {
    what: 'memory is mapped that is not tracked',
    in: State.RUNNING,
    breaks: ['dirty-range-gap'],
    act: (w) => {
      says('dev1 log-range 0x0 0x10000000', 'dev1 log start', `container1 map ${HIGH}`)(w);
      w.wait(S);
    },
  },
  {
    what: 'a reset from outside leaves the BAR mapped',
    in: State.RUNNING,
    devices: 2,
    breaks: ['p2p-map-survives-zap'],
    act: (w) => {
      w.mapPeers();
      w.say('dev1 zap reset tgid=9');
      w.wait(3 * S);
    },
  },
  {
    what: 'its BAR is mapped beside a device that cannot migrate',
    in: State.STOP,
    breaks: ['p2p-map-target-halted'],
    act: says(
      'gpu1 opened pci vfio-pci flags=none container=1 group=9',
      `container1 map ${HIGH}`,
      `container1 p2p dev1 bar0+0 ${HIGH}`,
    ),
  },
  {
    what: 'the driver answers PRECOPY_INFO',
    in: State.STOP_COPY,
    breaks: ['precopy-info-wrong-state'],
    act: does('precopy-info 4096'),
  },
  {
    what: 'the load is rejected, then tried again',
    in: State.RESUMING,
    breaks: ['resume-load-rejected', 'resuming-abort-without-reset'],
    act: (w) => {
      w.load();
      says('dev1 set STOP -> -EINVAL after=1', 'dev1 set STOP')(w);
    },
  },
  {
    what: 'the fd of a new session is dropped, the old one kept,',
    in: State.RUNNING,
    breaks: ['data-session-superseded'],
    act: says(
      'dev1 set STOP_COPY session=900',
      'dev1 set RUNNING',
      'dev1 set STOP_COPY session=901',
      'dev1 data release session=901',
    ),
  },
  {
    what: 'the fd of a session does not get to the user',
    in: State.RUNNING,
    breaks: ['fsm-fd-not-delivered'],
    act: (w) => {
      says('dev1 set RESUMING -> -EMFILE after=9 now=RESUMING', 'dev1 get RESUMING')(w);
      w.wait(2000);
      w.say('dev1 reset');
    },
  },
  {
    what: 'records are lost',
    in: State.PRE_COPY,
    needs: MIG_PRE_COPY,
    breaks: ['observability-gap'],
    act: says('lost bulk 1'),
  },
  {
    what: 'a v1 device is told a state that there is not',
    in: State.RUNNING,
    breaks: ['v1-invalid-state-bits'],
    act: says(...V1, 'old1 v1 write state 5 -> -EINVAL'),
  },
  {
    what: 'the registers of a v1 device are read out of order',
    in: State.RUNNING,
    breaks: ['v1-data-protocol-order'],
    act: says(...V1, 'old1 v1 write state 2', 'old1 v1 read offset 4096'),
  },
];
