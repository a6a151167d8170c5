#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# lab/vm: --device edu,addr=02.0
# lab/vm: --device pcie-root-port,id=one,addr=03.0,chassis=1 --device edu,bus=one
# lab/vm: --device pcie-root-port,id=two,addr=04.0,chassis=2
# lab/vm: --device edu,bus=two,addr=00.0,multifunction=on --device edu,bus=two,addr=00.1
# lab/vm: --device pcie-root-port,id=three,addr=05.0,chassis=3 --device igb,bus=three
"""Resets: by the driver, of a bus with one device, of a bus with two (hot reset), FLR of a virtual function."""
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import pci, pci_client, vfio  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.pci_client import PCI_COMMAND_MEMORY, Edu, PciDevice  # noqa: E402
from guest.vfio import State, outcome  # noqa: E402


def reset(case, what, address, method):
    """A reset in PRE_COPY ends the session, whoever carries it out."""
    case.expect(f"{what}: the kernel's method", reset_method(address), method)
    container = vfio.Container()
    device = pci_client.open_device(container, pci.sysfs(address))
    device.poke(Edu.LIVENESS, 1)
    save = device.set_state(State.PRE_COPY)
    device.log_start([(0, 1 << 20)])
    case.expect(f"{what}: reset", outcome(device.reset), "None")
    case.expect(f"{what}: state", device.state().name, "RUNNING")
    case.expect(f"{what}: data fd", outcome(os.read, save, 1), "ENODEV")
    # Nobody tells QEMU's edu of a bus reset.
    case.expect(f"{what}: register", hex(device.peek(Edu.LIVENESS)), "0xfffffffe" if method == "bus" else "0x0")
    case.expect(f"{what}: logging can start", outcome(device.log_start, [(0, 1 << 20)]), "4096")
    os.close(save)
    device.close()
    container.close()


def reset_method(address):
    path = Path(pci.sysfs(address), "reset_method")
    return path.read_text().strip() if path.exists() else None


def hot_reset(case, addresses):
    container = vfio.Container()
    devices = [pci_client.open_device(container, pci.sysfs(a)) for a in addresses]
    case.expect("hot reset would hit", [a for _, a in devices[0].hot_reset_info()], addresses)
    save = devices[1].set_state(State.STOP_COPY)
    case.expect("hot reset without the group", outcome(devices[0].hot_reset, []), "EINVAL")
    case.expect("hot reset", outcome(devices[0].hot_reset, list(container.groups.values())), "None")
    case.expect("the other device's state", devices[1].state().name, "RUNNING")
    case.expect("the other device's data fd", outcome(os.read, save, 1), "ENODEV")
    os.close(save)
    for device in devices:
        device.close()
    container.close()


def virtual_function(case, address):
    functions = pci.enable_vfs(address, 2)
    case.expect("virtual functions", len(functions), 2)
    case.expect("groups of their own", len({pci.group(a) for a in functions}), 2)
    pci.bind(functions[0], "vfio-pci")
    container = vfio.Container()
    device = pci_client.open_device(container, pci.sysfs(functions[0]), PciDevice)
    device.command(on=PCI_COMMAND_MEMORY)
    bar = device.mmap(0)
    case.expect("its BAR can be touched", bar.read(8) not in (0, 0xffffffff), True)
    case.expect("reset method", reset_method(functions[0]), "flr")
    case.expect("reset", outcome(device.reset), "None")
    case.expect("migration", outcome(device.migration_flags), "ENOTTY")
    bar.unmap()
    device.close()
    container.close()


def main():
    case = Case()
    addresses = pci.edus(4)
    reset(case, "root bus", addresses[0], None)
    reset(case, "alone behind a port", addresses[1], "bus")
    hot_reset(case, addresses[2:])
    virtual_function(case, pci.find(pci.IGB)[0])
    case.end()


main()
