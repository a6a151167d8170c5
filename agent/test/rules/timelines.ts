// SPDX-License-Identifier: Apache-2.0
/** What correct VMMs do, as scenarios: docs of QEMU 10 and Cloud Hypervisor, and what the lab's kernel recorded. */

/** Two devices with every feature, dirty log in the devices. Ends before the exit. */
export const SOURCE = `
  0        dev1 opened pci mlx5_vfio_pci container=1
  0        dev2 opened pci mlx5_vfio_pci container=1
  10ms     dev1 irqs MSIX count=4
  10ms     dev2 irqs MSIX count=4
  20ms     dev1 reset
  21ms     dev2 reset
  1s       dev1 log start
  1s       dev2 log start
  1100ms   dev1 set PRE_COPY
  1101ms   dev2 set PRE_COPY
  1200ms   dev1 data read 1048576
  1201ms   dev1 data read -> -ENOMSG
  1300ms   dev2 data read 4096
  1301ms   dev2 data read -> -ENOMSG
  2s       tick
  2500ms   dev1 log report
  2500ms   dev2 log report
  3000ms   dev2 set PRE_COPY_P2P
  3001ms   dev1 set PRE_COPY_P2P
  3002ms   dev2 set STOP_COPY took=10ms
  3013ms   dev1 set STOP_COPY took=10ms
  3030ms   dev1 log report
  3030ms   dev2 log report
  3040ms   dev1 data read 65536
  3041ms   dev1 data read 0
  3050ms   dev2 data read 65536
  3051ms   dev2 data read 0`;

export const SOURCE_END = `
  3100ms   dev1 set STOP took=50ms
  3160ms   dev1 data release
  3161ms   dev2 set STOP took=50ms
  3220ms   dev2 data release
  4s       tick
  60s      tick
  61s      dev1 closed exit=0
  61s      dev2 closed exit=0`;

/** The destination under libvirt: RESUMING until `cont`, everything restored inside it. */
export const DESTINATION = `
  0        dev1 opened pci mlx5_vfio_pci container=1
  10ms     dev1 irqs INTX count=1
  11ms     dev1 irqs ERR
  12ms     dev1 irqs REQ
  20ms     dev1 region write config+0x4 2
  21ms     dev1 reset
  30ms     dev1 irqs INTX count=1
  31ms     dev1 region write config+0x10 4
  1s       dev1 set RESUMING
  2s       tick
  600s     tick
  601s     dev1 data write 1048576
  602s     dev1 data write 4096
  603s     container1 map 0xfe000000 0x100000
  604s     container1 unmap 0xfe000000 0x100000
  605s     dev1 region write config+0x4 2
  606s     dev1 irqs INTX count=0 flags=0x21
  607s     dev1 irqs MSIX count=4
  608s     dev1 data release
  609s     tick`;

export const DESTINATION_END = `
  610s     dev1 set RUNNING_P2P took=100ms
  610200ms dev1 set RUNNING took=1ms
  611s     dev1 region write config+0x4 2
  620s     tick`;

/** mtty in the lab: type1 tracking in the container, firmware regions moving in RESUMING. */
export const MTTY_SOURCE = `
  0        src1 opened mdev mtty container=1
  1ms      src1 reset
  500ms    container1 track start
  520ms    src1 set PRE_COPY
  530ms    src1 data read 0
  900ms    container1 track report
  950ms    src1 set PRE_COPY_P2P
  951ms    src1 set STOP_COPY
  955ms    container1 track report
  960ms    src1 data read 60
  961ms    src1 data read 0
  975ms    src1 set STOP
  976ms    src1 data release
  1s       tick
  3s       tick
  4s       src1 closed exit=0`;

export const MTTY_DESTINATION = `
  0        dst1 opened mdev mtty container=1
  1ms      dst1 reset
  500ms    dst1 set RESUMING
  510ms    container1 unmap 0xe0000 0x20000
  511ms    container1 map 0xe0000 0x20000
  900ms    dst1 data write 60
  910ms    dst1 region write config+0x4 2
  911ms    dst1 irqs INTX count=1
  950ms    dst1 set RUNNING_P2P
  951ms    dst1 set RUNNING
  952ms    dst1 data release
  1s       tick
  9s       dst1 set STOP
  10s      tick
  12s      dst1 closed exit=0`;

/** Cancelled during the drain: vm_start, then cleanup, then RUNNING once more for all. */
export const CANCEL = SOURCE.replace(/ {2}3041ms[\s\S]*/, '').concat(`
  3050ms   dev1 set RUNNING_P2P
  3051ms   dev2 set RUNNING_P2P
  3052ms   dev1 set RUNNING
  3053ms   dev2 set RUNNING
  3060ms   dev1 data release
  3061ms   dev2 data release
  3070ms   dev1 set RUNNING
  3071ms   dev2 set RUNNING
  3080ms   dev1 log stop
  3081ms   dev2 log stop
  5s       tick`);

/** Cancelled in the drain while the guest is paused: cleanup goes by STOP. */
export const CANCEL_PAUSED = SOURCE.replace(/ {2}3041ms[\s\S]*/, '').concat(`
  3050ms   dev1 set STOP took=20ms
  3071ms   dev1 data release
  3072ms   dev2 set STOP took=20ms
  3093ms   dev2 data release
  3095ms   dev1 set RUNNING
  3096ms   dev2 set RUNNING
  3100ms   dev1 log stop
  3100ms   dev2 log stop
  6s       tick`);

/** Cancelled in PRE_COPY: the fd is closed first. */
export const CANCEL_PRE_COPY = SOURCE.replace(/ {2}2500ms[\s\S]*/, '').concat(`
  2500ms   dev1 data release
  2501ms   dev2 data release
  2502ms   dev1 set RUNNING
  2503ms   dev2 set RUNNING
  2504ms   dev1 log stop
  2504ms   dev2 log stop
  5s       tick`);

/** The stop arc fails on the second device: QEMU resets it, and the others go back. */
export const STOP_FAILS = SOURCE.replace(/ {2}3013ms[\s\S]*/, '').concat(`
  3013ms   dev1 set STOP_COPY -> -EIO after=1
  3014ms   dev1 reset took=1ms
  3050ms   dev2 set RUNNING_P2P
  3051ms   dev2 set RUNNING
  3052ms   dev1 set RUNNING
  3060ms   dev1 data release
  3061ms   dev2 data release
  6s       tick`);

/** An incoming QEMU that cannot load exits with the device in RESUMING. */
export const LOAD_FAILS = DESTINATION.concat(`
  610s     dev1 set RUNNING_P2P -> -EINVAL after=1
  610010ms dev1 reset took=1ms
  610020ms dev1 closed exit=1`);
export const INCOMING_FAILS = DESTINATION.concat('\n  610s     dev1 closed exit=1');

/** virsh suspend and resume, for an hour. */
export const PAUSE = `
  0        dev1 opened pci mlx5_vfio_pci container=1
  1s       dev1 set RUNNING_P2P
  1001ms   dev1 set STOP
  2s       tick
  3s       container1 map 0x1000 0x1000
  4s       dev1 irqs MSIX count=4
  5s       dev1 region write config+0x70 2
  3600s    tick
  3601s    dev1 set RUNNING_P2P
  3602s    dev1 set RUNNING
  3603s    tick`;

/** Paused in pre-copy, which parks the device in STOP_COPY, then resumed. */
export const PAUSE_PRE_COPY = SOURCE.replace(/ {2}3030ms[\s\S]*/, '').concat(`
  10s      tick
  3600s    dev1 set RUNNING_P2P
  3601s    dev2 set RUNNING_P2P
  3602s    dev1 set RUNNING
  3603s    dev2 set RUNNING
  3604s    tick`);

/** Cloud Hypervisor: pause, snapshot, exit; restore, resume. */
export const CH_SNAPSHOT = `
  0        dev1 opened pci mlx5_vfio_pci container=1
  1s       dev1 set STOP
  2s       dev1 set STOP_COPY
  2100ms   dev1 data read 4096
  2101ms   dev1 data read 0
  2200ms   dev1 set STOP
  2201ms   dev1 data release
  4s       tick
  5s       dev1 closed exit=0`;
export const CH_RESTORE = `
  0        dev1 opened pci mlx5_vfio_pci container=1
  1s       dev1 set RESUMING
  2s       dev1 data write 4096
  3s       dev1 region write config+0x4 2
  4s       dev1 irqs MSIX count=4
  5s       dev1 set RUNNING
  6s       tick`;

const TWO_DEVICES = `
  0        container1 join 1
  0        dev1 opened pci mlx5_vfio_pci container=1 group=1
  0        container1 join 2
  0        dev2 opened pci mlx5_vfio_pci container=1 group=2
  1ms      dev1 mmap bar0+0 0x100000
  1ms      dev2 mmap bar0+0 0x100000
  10ms     dev1 zap config
  11ms     dev1 zap reset
  12ms     dev1 reset
  13ms     dev2 zap config
  14ms     dev2 zap reset
  15ms     dev2 reset
  20ms     container1 map 0x0 0x4000000`;

/** Two devices with BARs in one VM: each reaches the other, quiet before any stops. */
export const SOURCE_P2P = `${TWO_DEVICES}
  500ms    container1 map 0xfe900000 0x100000
  500ms    container1 p2p dev1 bar0+0 0xfe900000 0x100000
  501ms    container1 map 0xfea00000 0x100000
  501ms    container1 p2p dev2 bar0+0 0xfea00000 0x100000
  1s       container1 track start
  1100ms   dev1 set PRE_COPY
  1101ms   dev2 set PRE_COPY
  1110ms   dev1 precopy-info 60
  1111ms   dev2 precopy-info 60
  1200ms   dev1 data read 60
  1201ms   dev1 data read -> -ENOMSG
  1300ms   dev2 data read 60
  1400ms   container1 track report
  2s       tick
  3000ms   dev2 set PRE_COPY_P2P took=5ms
  3010ms   dev1 set PRE_COPY_P2P took=5ms
  3020ms   dev2 set STOP_COPY took=30ms
  3060ms   tick
  3061ms   dev1 set STOP_COPY took=30ms
  3091ms   container1 track report
  3092ms   dev1 data read 0
  3093ms   dev2 data read 0
  3100ms   dev1 set STOP took=50ms
  3155ms   tick
  3160ms   dev2 set STOP took=50ms
  4s       tick
  5s       dev2 closed exit=0
  5s       dev1 closed exit=0
  5s       container1 leave 1
  5s       container1 leave 2
  5s       container1 gone 0x0 0x4000000
  5s       container1 gone 0xfe900000 0x100000
  5s       container1 gone 0xfea00000 0x100000
  6s       tick`;

/** Its destination: BARs are mapped for DMA in RESUMING, some while their decoding still is off (edu in the lab). */
export const DESTINATION_P2P = `${TWO_DEVICES}
  1s       dev1 set RESUMING took=10ms
  1011ms   dev2 set RESUMING took=10ms
  1100ms   tick
  2s       dev1 data write 60
  2001ms   dev2 data write 60
  2010ms   dev1 fault retried bar0+0 order=9 prefault=1
  2010ms   dev1 fault refused bar0+0 prefault=1
  2010ms   container1 gone 0xfe900000 0
  2011ms   container1 map 0xfe900000 0x100000 -> -EFAULT
  2012ms   dev1 region write config+0x4 2
  2020ms   dev2 fault mapped bar0+0 prefault=1
  2021ms   dev2 fault mapped bar0+0x1000 prefault=1
  2022ms   container1 map 0xfea00000 0x100000
  2022ms   container1 p2p dev2 bar0+0 0xfea00000 0x100000
  2030ms   dev2 region write config+0x4 2
  2040ms   dev1 memory-enable
  2041ms   dev1 irqs MSIX count=4
  2042ms   dev2 memory-enable
  2043ms   dev2 irqs MSIX count=4
  2500ms   tick
  2600ms   dev1 set RUNNING_P2P took=100ms
  2701ms   tick
  2702ms   dev2 set RUNNING_P2P took=100ms
  2803ms   dev1 set RUNNING took=1ms
  2805ms   dev2 set RUNNING took=1ms
  2810ms   container1 map 0xfe900000 0x100000
  2810ms   container1 p2p dev1 bar0+0 0xfe900000 0x100000
  3s       tick`;
