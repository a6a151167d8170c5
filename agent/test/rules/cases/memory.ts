// SPDX-License-Identifier: Apache-2.0
/** DMA: what the device does, and what is mapped for it. */
import { FOUND, inState, never, ONE, REACHED, type Table, TWO } from './case.js';

const TRACKED = `${ONE}\n1s dev1 log-range 0x0 0x10000000\n1s dev1 log start`;
const HIGH = '0x100000000 0x1000';
const AGAIN = `${TRACKED}\n2s dev1 set STOP\n3s dev1 log report 0x0 0x100000`;
const BITS = '4s dev1 dirty-bits 3 0x1000 0x8000\n4s dev1 log report 0x0 0x100000';
const SAVING = `${ONE}\n1s container1 track start\n2s dev1 set STOP_COPY`;
const DROPPED = `${ONE}\n1s container1 track start\n1s dev1 set PRE_COPY\n2s container1 unmap ${HIGH}\n3s dev1 set STOP_COPY`;
const END = '5s dev1 data read 0\n6s dev1 set STOP';
const QUIET = `${REACHED}\n2s container1 gone 0xfe000000 0x1000\n3s dev2 set RUNNING_P2P`;

const TWO_PASSES =
  '1s dev1 set PRE_COPY_P2P\n2s dev2 set PRE_COPY_P2P\n3s dev1 set STOP_COPY\n4s dev2 set STOP_COPY';

export const MEMORY: Table = {
  'iommu-fault-while-halted': {
    kept: `${ONE}\n1s dev1 iommu-fault 0x1000`,
    broken: {
      'dma-in-STOP critical': inState('STOP', 'iommu-fault 0x1000'),
      'dma-in-RESUMING critical': inState('RESUMING', 'iommu-fault 0x1000'),
      'p2p-in-RUNNING_P2P warning': `${QUIET}\n4s dev2 iommu-fault 0xfe000800`,
    },
    unknown: `${FOUND}\n1s dev1 iommu-fault 0x1000`,
    benign: {
      'A fault storm': inState('STOP', 'iommu-fault 0x1000 ago=1100ms'),
      'DMA to mapped memory': never('there is no record of it'),
    },
  },
  'dma-dirty-while-halted': {
    kept: `${AGAIN}\n4s dev1 dirty-bits 0\n4s dev1 log report 0x0 0x100000`,
    broken: { 'dirty-again critical': `${AGAIN}\n${BITS}` },
    unknown: `${AGAIN}\n4s dev1 log report 0x0 0x100000`,
    benign: {
      'The first report': `${TRACKED}\n2s dev1 set STOP\n${BITS}`,
      'QEMU asks once': `${TRACKED}\n1s dev1 set PRE_COPY\n3s dev1 set STOP_COPY\n${BITS}`,
    },
  },
  'p2p-window-open': {
    kept: `${REACHED}\n1s dev2 set RUNNING_P2P\n2s dev1 set STOP\n3s tick`,
    broken: {
      'from-dev2 critical': `${REACHED}\n1s dev1 set STOP_COPY\n3s tick`,
      'from-dev2 warning': `${REACHED}\n1s dev1 set STOP\n3s tick`,
    },
    unknown: `${REACHED}\n1s dev1 set STOP\n1500ms lost crit 1\n3s tick`,
    benign: {
      'Platforms that do not route': `${REACHED.replaceAll('mlx5', 'hisi_acc')}\n1s dev1 set STOP_COPY\n3s tick`,
      'QEMU 8.2': `${REACHED}\n${TWO_PASSES}\n5s tick`,
      'A source that goes back': {
        text: `${REACHED}\n${TWO_PASSES}\n5s dev1 set STOP\n5001ms dev2 set RUNNING\n5500ms tick\n6s dev1 set RUNNING`,
        answers: ['kept', 'from-dev2 warning', 'from-dev2 warning'],
      },
    },
  },
  'p2p-map-target-halted': {
    kept: REACHED,
    broken: {
      'mapped info': `${ONE}\n1s dev1 set STOP\n2s container1 map 0xfe000000 0x1000\n2s container1 p2p dev1 bar0+0 0xfe000000 0x1000`,
      'mapped-beside-running warning': `${TWO}\n1s dev1 set STOP\n2s container1 map 0xfe000000 0x1000\n2s container1 p2p dev1 bar0+0 0xfe000000 0x1000`,
    },
    unknown: `${FOUND}\n2s container1 p2p dev1 bar0+0 0xfe000000 0x1000`,
    benign: {
      'Every QEMU destination': `${TWO}\n1s dev1 set RESUMING\n1100ms dev2 set RESUMING\n2s container1 map 0xfe000000 0x1000\n2s container1 p2p dev1 bar0+0 0xfe000000 0x1000`,
    },
  },
  'p2p-map-survives-zap': {
    kept: `${REACHED}\n1s dev1 zap config\n1500ms container1 gone 0xfe000000 0x1000`,
    broken: {
      'in-dev2 info': `${REACHED}\n1s dev1 zap config\n3s tick`,
      'in-dev2 warning': `${REACHED}\n1s dev1 zap reset tgid=9\n3s tick`,
    },
    unknown: `${REACHED}\n1s dev1 zap config\n2s lost crit 1\n3s tick`,
    benign: {
      'A guest that sizes': `${REACHED}\n1s dev1 zap config\n1100ms container1 gone 0xfe000000 0x1000\n3s tick`,
      'QEMU unmaps': `${REACHED}\n1s dev1 zap config\n1001ms container1 gone 0xfe000000 0x1000\n3s tick`,
      'A VMM that resets': `${REACHED}\n1s dev1 zap reset\n3s tick`,
    },
  },
  'dma-map-change-in-stop-copy': {
    kept: `${ONE}\n1s dev1 set STOP\n2s container1 map ${HIGH}`,
    broken: {
      'map info': `${SAVING}\n3s container1 map ${HIGH}`,
      'unmap warning': `${SAVING}\n3s container1 unmap ${HIGH}`,
    },
    unknown: `${SAVING}\n2500ms lost crit 1\n3s container1 unmap ${HIGH}`,
    benign: {
      'UNMAP after the end': `${SAVING}\n3s container1 unmap ${HIGH} flags=1\n3s container1 unmap ${HIGH} flags=4\n4s dev1 data read 0\n5s container1 unmap ${HIGH}`,
    },
  },
  'dma-unmap-drops-dirty': {
    kept: `${ONE}\n1s container1 track start\n2s container1 unmap ${HIGH} flags=1`,
    broken: {
      'unreported info': `${ONE}\n1s container1 track start\n2s container1 unmap ${HIGH}`,
      'never-reported warning': `${DROPPED}\n${END}`,
      'low-memory info': `${ONE}\n1s container1 track start\n2s container1 unmap 0xe0000 0x20000`,
    },
    unknown: `${FOUND}\n2s container1 unmap ${HIGH}`,
    benign: {
      'QEMU gives the flag': `${ONE}\n1s container1 track start\n2s container1 unmap ${HIGH} flags=1\n3s dev1 set STOP_COPY\n${END}`,
      'Firmware that moves': `${ONE}\n1s container1 track start\n2s container1 unmap 0xc0000 0x7ff40000\n3s container1 map 0xc0000 0x7ff40000`,
      'Physical devices': `${DROPPED}\n4s container1 track report 0x0 0x200000000\n${END}`,
      'Unmaps after the end': `${SAVING}\n${END}\n7s container1 unmap ${HIGH}`,
      'Memory that was unplugged': never('an unplug is an unmap like any other'),
    },
  },
  'ioas-change-while-halted': {
    kept: `${ONE}\n1s dev1 ioas attach 2`,
    broken: {
      'in-PRE_COPY warning': inState('PRE_COPY', 'ioas attach 2'),
      'while-logging warning': `${ONE}\n1s dev1 log start\n2s dev1 ioas attach 2`,
      'in-STOP info': inState('STOP', 'ioas detach'),
    },
    unknown: `${FOUND}\n1s dev1 ioas attach 2`,
    benign: {
      'Guests with a vIOMMU': `${ONE}\n1s dev1 ioas attach 2\n2s dev1 ioas attach 3`,
      'A source whose migration': inState('STOP_COPY', 'data read 0', 'set STOP', 'ioas detach'),
    },
  },
};
