#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# lab/vm: --device edu,addr=02.0 --device edu,addr=03.0
"""BARs in memory: touched, zapped in every way, mapped for another device's DMA (peer to peer)."""
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import pci, pci_client, vfio  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.pci_client import PCI_COMMAND_MASTER, PCI_COMMAND_MEMORY, Edu  # noqa: E402
from guest.vfio import outcome  # noqa: E402

IDENTITY = 0x010000ed
RAM, PEER = 0x100000, 0x1000000
VALUE = 0x5a5aa5a5
ALL = 0xffffffff


def zapped(case, device, bar):
    case.expect("touch", hex(bar.read(0)), hex(IDENTITY))
    bar.write(Edu.LIVENESS, 1)
    case.expect("a store arrives", hex(device.peek(Edu.LIVENESS)), hex(ALL ^ 1))
    device.command(off=PCI_COMMAND_MEMORY)
    case.expect("touch without memory enable", outcome(bar.read, 0), "EFAULT")
    case.expect("read() without memory enable", outcome(device.peek, 0), "EIO")
    device.command(on=PCI_COMMAND_MEMORY)
    case.expect("touch again", hex(bar.read(0)), hex(IDENTITY))
    device.low_power_entry()
    case.expect("touch in low power", outcome(bar.read, 0), "EFAULT")
    device.low_power_exit()
    case.expect("touch again", hex(bar.read(0)), hex(IDENTITY))
    device.reset()
    case.expect("the reset's effect", device.peek(Edu.LIVENESS), 0)
    case.expect("touch after a reset", hex(bar.read(0)), hex(IDENTITY))


def peer_to_peer(case, container, device, peer):
    """A device's DMA engine writes into another device's register; the kernel's word on mappings of dead BARs."""
    ram = vfio.Memory(4096)
    ram.bytes[:4] = VALUE.to_bytes(4, "little")
    container.map_dma(ram.address, RAM, ram.size)
    bar = peer.mmap(0)
    peer.command(off=PCI_COMMAND_MEMORY)
    case.expect("MAP_DMA of a BAR that is off", outcome(container.map_dma, bar.address, PEER, bar.size), "EFAULT")
    peer.command(on=PCI_COMMAND_MEMORY)
    case.expect("MAP_DMA of a BAR", outcome(container.map_dma, bar.address, PEER, bar.size), "None")
    device.command(on=PCI_COMMAND_MASTER)
    device.dma(RAM, 4, to_memory=False)
    device.dma_wait()
    device.dma(PEER + Edu.LIVENESS, 4, to_memory=True)
    device.dma_wait()
    case.expect("the peer's register", hex(peer.peek(Edu.LIVENESS)), hex(ALL ^ VALUE))
    case.expect("unmap", container.unmap_dma(PEER, bar.size), bar.size)
    case.expect("unmap", container.unmap_dma(RAM, ram.size), ram.size)
    bar.unmap()


def through_eventfd(case, device):
    eventfd = device.ioeventfd(0, Edu.LIVENESS, VALUE)
    os.eventfd_write(eventfd, 1)
    case.expect("ioeventfd", hex(device.peek(Edu.LIVENESS)), hex(ALL ^ VALUE))


def main():
    case = Case()
    addresses = pci.edus(2)
    container = vfio.Container()
    device, peer = (pci_client.open_device(container, pci.sysfs(a)) for a in addresses)
    bar = device.mmap(0)
    zapped(case, device, bar)
    peer_to_peer(case, container, device, peer)
    through_eventfd(case, device)
    bar.unmap()
    for each in (device, peer):
        each.close()
    container.close()
    case.end()


main()
