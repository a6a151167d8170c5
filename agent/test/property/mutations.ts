// SPDX-License-Identifier: Apache-2.0
/** Illegal acts: the state in which they are one, and the rules above info that they break. */
import { MIG_P2P, MIG_PRE_COPY, State } from '../../src/model/fsm.js';
import type { Walk } from './walk.js';

export interface Mutation {
  readonly what: string;
  /** Where all devices are before it. */
  readonly in: number;
  /** VFIO_MIGRATION_* bits that it takes, or that must not be there. */
  readonly needs?: number;
  readonly lacks?: number;
  /** Peers' BARs are mapped for DMA before the state is reached. */
  readonly reachable?: boolean;
  /** How many devices it takes; 1. */
  readonly devices?: number;
  readonly breaks: readonly string[];
  act(w: Walk): void;
}

const S = 1_000_000;

/** One scenario line of the first device. */
const does = (what: string) => (w: Walk) => w.say(`dev1 ${what}`);
const then =
  (...lines: string[]) =>
  (w: Walk) => {
    for (const line of lines) w.say(`dev1 ${line}`);
  };

/** Any device's BARs are mapped for DMA, then this. */
const mapped = (act: (w: Walk) => void) => (w: Walk) => {
  w.mapPeers();
  act(w);
};

export const MUTATIONS: readonly Mutation[] = [
  {
    what: 'a BAR is read',
    in: State.STOP,
    breaks: ['mmio-rw-while-halted'],
    act: does('region read bar0+0x10 4'),
  },
  {
    what: 'a BAR is written',
    in: State.STOP_COPY,
    breaks: ['mmio-rw-while-halted'],
    act: does('region write bar0+0x10 4'),
  },
  {
    what: 'a BAR is written',
    in: State.RESUMING,
    breaks: ['mmio-rw-while-halted'],
    act: does('region write bar0+0x10 4'),
  },
  {
    what: 'a CPU touches a BAR',
    in: State.STOP,
    breaks: ['mmio-fault-while-halted'],
    act: does('fault mapped bar0+0'),
  },
  {
    what: 'a BAR is written',
    in: State.RUNNING_P2P,
    breaks: ['mmio-access-in-p2p-state'],
    act: does('region write bar0+0x10 4'),
  },
  {
    what: 'an ioeventfd writes',
    in: State.STOP_COPY,
    breaks: ['ioeventfd-write-while-halted'],
    act: does('ioeventfd bar0+0x20 4'),
  },
  {
    what: 'config space is written',
    in: State.STOP_COPY,
    breaks: ['config-write-while-halted'],
    act: does('region write config+0x4 2'),
  },
  {
    what: 'interrupts are set up',
    in: State.STOP_COPY,
    breaks: ['set-irqs-in-stop-copy'],
    act: does('irqs MSIX'),
  },
  { what: 'an interrupt comes', in: State.STOP, breaks: ['irq-while-halted'], act: does('irq MSI') },
  { what: 'an interrupt comes', in: State.RESUMING, breaks: ['irq-while-halted'], act: does('irq INTX') },
  {
    what: 'left for STOP with data unread, then closed,',
    in: State.STOP_COPY,
    breaks: ['stop-copy-not-drained'],
    act: (w) => {
      w.say('dev1 set STOP');
      w.say('dev1 data release');
      w.say('dev1 closed exit=0');
    },
  },
  {
    what: 'left, and the data fd read all the same,',
    in: State.STOP_COPY,
    breaks: ['data-fd-wrong-state'],
    act: (w) => {
      w.drain();
      w.say('dev1 set STOP');
      w.wait(S);
      w.say('dev1 data read -> -ENODEV');
    },
  },
  {
    what: 'the driver lets data be read when the state is left',
    in: State.STOP_COPY,
    breaks: ['data-fd-wrong-state'],
    act: (w) => {
      w.drain();
      w.say('dev1 set STOP');
      w.wait(S);
      w.say('dev1 data read 100');
    },
  },
  {
    what: 'the permanent end is told as a temporary one',
    in: State.STOP_COPY,
    breaks: ['precopy-eos-encoding'],
    act: does('data read -> -ENOMSG'),
  },
  {
    what: 'the session dies',
    in: State.PRE_COPY,
    breaks: ['data-session-killed'],
    act: does('data read -> -ENODEV'),
  },
  {
    what: 'the fd is closed and the state kept',
    in: State.PRE_COPY,
    breaks: ['data-fd-closed-early'],
    act: (w) => {
      w.say('dev1 data release');
      w.wait(7 * S);
    },
  },
  {
    what: 'left for RUNNING with nothing written',
    in: State.RESUMING,
    breaks: ['resume-without-data'],
    lacks: MIG_P2P,
    act: does('set RUNNING'),
  },
  {
    what: 'the load is rejected, then a reset',
    in: State.RESUMING,
    breaks: ['resume-load-rejected'],
    act: (w) => {
      w.load();
      w.say('dev1 set STOP -> -EINVAL after=1');
      w.wait(1000);
      w.say('dev1 reset');
    },
  },
  {
    what: 'dirty tracking is started twice',
    in: State.RUNNING,
    breaks: ['dirty-start-twice'],
    act: then('log start', 'log start -> -EINVAL'),
  },
  {
    what: 'a report without tracking',
    in: State.RUNNING,
    breaks: ['dirty-report-inactive'],
    act: does('log report -> -EINVAL'),
  },
  {
    what: 'a report fails',
    in: State.RUNNING,
    breaks: ['dirty-report-error'],
    act: then('log start', 'log report -> -EIO'),
  },
  {
    what: 'low power is entered',
    in: State.PRE_COPY,
    breaks: ['low-power-during-migration'],
    act: does('low-power entry'),
  },
  {
    what: 'closed',
    in: State.PRE_COPY,
    breaks: ['close-mid-migration'],
    act: does('closed exit=0'),
  },
  {
    what: 'a reset',
    in: State.STOP_COPY,
    breaks: ['reset-during-migration'],
    act: (w) => {
      w.wait(2000);
      w.say('dev1 reset');
    },
  },
  {
    what: 'a state that the device lacks is asked for',
    in: State.RUNNING,
    lacks: MIG_P2P,
    breaks: ['fsm-arc-rejected'],
    act: does('set RUNNING_P2P'),
  },
  { what: 'ERROR is asked for', in: State.STOP, breaks: ['fsm-arc-rejected'], act: does('set ERROR') },
  {
    what: 'back to PRE_COPY, and the kernel does not answer,',
    in: State.STOP_COPY,
    needs: MIG_PRE_COPY,
    breaks: ['fsm-blocked-arc-spin'],
    act: does('set PRE_COPY {'),
  },
  {
    what: 'an arc fails, then a reset',
    in: State.RUNNING,
    breaks: ['fsm-transition-failed'],
    act: (w) => {
      w.say('dev1 set STOP -> -EIO after=1');
      w.wait(2000);
      w.say('dev1 reset');
    },
  },
  {
    what: 'SET_STATE does not return',
    in: State.RUNNING,
    breaks: ['fsm-transition-stuck'],
    act: (w) => {
      w.say('dev1 set STOP {');
      w.wait(7 * S);
    },
  },
  {
    what: 'the driver is elsewhere',
    in: State.STOP,
    breaks: ['fsm-async-change'],
    act: does('get RESUMING'),
  },
  {
    what: 'ERROR is seen twice, then a reset',
    in: State.RUNNING,
    breaks: ['error-state-entered'],
    act: (w) => {
      w.say('dev1 get ERROR');
      w.say('dev1 get ERROR');
      w.wait(2000);
      w.say('dev1 reset');
    },
  },
  {
    what: 'nothing happens',
    in: State.RUNNING_P2P,
    breaks: ['state-dwell-exceeded'],
    act: (w) => w.wait(11 * S),
  },
  {
    what: 'one device is stopped while a peer runs',
    in: State.RUNNING,
    needs: MIG_P2P,
    devices: 2,
    breaks: ['p2p-quiesce-order'],
    act: mapped(does('set STOP')),
  },
  {
    what: 'one device is stopped while a peer runs, for long,',
    in: State.RUNNING,
    needs: MIG_P2P,
    devices: 2,
    breaks: ['p2p-window-open'],
    act: mapped((w) => {
      w.say('dev1 set STOP');
      w.wait(S);
    }),
  },
  {
    what: 'one device runs while a peer is stopped',
    in: State.STOP,
    needs: MIG_P2P,
    devices: 2,
    reachable: true,
    breaks: ['p2p-release-order'],
    act: does('set RUNNING'),
  },
  {
    what: 'a device is opened that is elsewhere',
    in: State.RUNNING,
    breaks: ['open-not-running'],
    act: (w) => {
      w.say('other1 opened pci mlx5_vfio_pci');
      w.wait(S);
      w.say('other1 get STOP');
    },
  },
  {
    what: 'a driver offers PRE_COPY without STOP_COPY',
    in: State.RUNNING,
    breaks: ['mig-flags-invalid'],
    act: (w) => w.say('other1 opened pci mlx5_vfio_pci flags=pre-copy'),
  },
  {
    what: 'a reset leads elsewhere',
    in: State.RUNNING,
    breaks: ['reset-not-running'],
    act: (w) => {
      w.wait(2000);
      w.say('dev1 reset');
      w.wait(S);
      w.say('dev1 get STOP');
    },
  },
  {
    what: 'ERROR is kept',
    in: State.RUNNING,
    breaks: ['error-state-entered', 'error-not-reset'],
    act: (w) => {
      w.say('dev1 get ERROR');
      w.say('dev1 get ERROR');
      w.wait(7 * S);
    },
  },
  {
    what: 'two devices, one without P2P and within the other’s reach, are saved',
    in: State.RUNNING,
    lacks: MIG_P2P,
    devices: 2,
    breaks: ['p2p-flag-missing-multi-device'],
    act: mapped((w) => w.each('set STOP_COPY')),
  },
  {
    what: 'tracking goes on after a migration that was given up',
    in: State.RUNNING,
    breaks: ['dirty-not-stopped'],
    act: (w) => {
      w.say('dev1 log start');
      w.say('dev1 set STOP_COPY');
      w.say('dev1 set RUNNING');
      w.say('dev1 data release');
      w.wait(62 * S);
    },
  },
  {
    what: 'the second arc fails and nobody reacts',
    in: State.RUNNING,
    breaks: ['fsm-landed-elsewhere', 'fsm-transition-failed'],
    act: (w) => {
      w.say('dev1 set RESUMING -> -EIO after=2');
      w.wait(3 * S);
    },
  },
];
