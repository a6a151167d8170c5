#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# lab/vm: --device edu,addr=02.0
"""A device that does not stop: interrupts, DMA into the guest's memory and DMA that faults, all in STOP."""
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import pci, pci_client, vfio  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.kmsg import KernelLog  # noqa: E402
from guest.pci_client import PCI_COMMAND_MASTER  # noqa: E402
from guest.vfio import State  # noqa: E402

IOVA, UNMAPPED = 0x100000, 0xdead000
MARK = b"stray" * 12 + b"DMA!"


def changed(memory, at, timeout=10):
    deadline = time.monotonic() + timeout
    while memory.bytes[at:at + len(MARK)] != MARK and time.monotonic() < deadline:
        time.sleep(0.01)
    return memory.bytes[at:at + len(MARK)] == MARK


def interrupts(case, device):
    device.raise_interrupt()
    case.expect("MSI in RUNNING", device.wait_msi(), 1)


def transfer(device):
    """100 ms of RUNNING: one DMA, to the engine's buffer; answers how many interrupts came."""
    device.dma_wait()
    device.msi_count()
    device.dma(IOVA, len(MARK), to_memory=False, interrupt=True)
    device.dma_wait()
    return device.wait_msi()


def obedient(case, device, memory):
    device.dma(IOVA + 1024, len(MARK), to_memory=True)
    device.set_state(State.STOP)
    case.expect("quiesce=1: STOP waits for DMA", memory.bytes[1024:1024 + len(MARK)], MARK)
    device.set_state(State.RUNNING)


def stray(case, device, address, memory, log):
    pci.switch(address, "quiesce", 0)
    pci.switch(address, "stray_iova", IOVA + 2048)
    device.set_state(State.STOP)
    case.expect("quiesce=0: MSI in STOP", device.wait_msi() > 0, True)
    case.expect("and DMA in STOP", changed(memory, 2048), True)
    pci.switch(address, "stray_msi", 0)
    pci.switch(address, "stray_iova", UNMAPPED)
    line = log.wait("DMAR: .*fault addr")
    print(f"     {line}")
    case.expect("and DMA that faults: device, address",
                ("[00:02.0]" in line, f"{UNMAPPED:#x}" in line), (True, True))
    pci.switch(address, "stray_msi", 1)
    device.wait_msi()
    device.set_state(State.RUNNING)
    case.expect("interrupts during a transfer in RUNNING", transfer(device), 1)


def main():
    case = Case()
    log = KernelLog()
    address, = pci.edus(1)
    container = vfio.Container()
    device = pci_client.open_device(container, pci.sysfs(address))
    memory = vfio.Memory(4096)
    container.map_dma(memory.address, IOVA, memory.size)
    memory.bytes[:len(MARK)] = MARK
    # An MSI is a DMA write too.
    device.command(on=PCI_COMMAND_MASTER)
    device.enable_msi()
    interrupts(case, device)
    case.expect("interrupts during a transfer in RUNNING", transfer(device), 1)
    obedient(case, device, memory)
    stray(case, device, address, memory, log)
    # Closed while it goes on: the driver must stop it.
    device.set_state(State.STOP)
    device.wait_msi()
    device.close()
    container.close()
    case.expect("state after closing and opening", reopened(address), "RUNNING")
    case.end()


def reopened(address):
    container = vfio.Container()
    device = pci_client.open_device(container, pci.sysfs(address))
    state = device.state().name
    device.close()
    container.close()
    return state


main()
