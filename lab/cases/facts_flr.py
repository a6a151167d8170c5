#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# lab/vm: --device pcie-root-port,id=one,addr=03.0,chassis=1 --device igb,bus=one
"""Resets that nobody asked VFIO for: a guest's FLR by a config write, the host's through sysfs; and what only looks so."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import pci, pci_client, vfio  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.pci_client import PciDevice  # noqa: E402

# linux/pci_regs.h
CAP_EXP, EXP_DEVCTL, DEVCTL_BCR_FLR = 0x10, 8, 0x8000


def resets(text, address):
    """What the timeline says of a device's resets, without the time that they took."""
    return [line.split(f"{address}  ", 1)[1].split(",")[0] for line in text.splitlines()
            if f" {address} " in line and " reset (" in line]


def main():
    case = Case()
    functions = pci.enable_vfs(pci.find(pci.IGB)[0], 2)
    for address in functions:
        pci.bind(address, "vfio-pci")
    agent = Agent()
    container = vfio.Container()
    asked, other = (pci_client.open_device(container, pci.sysfs(a), PciDevice) for a in functions)
    at = asked.capability(CAP_EXP) + EXP_DEVCTL
    control = asked.config_read(at, 2)
    asked.config_write(at, 2, control)  # the register, and not the bit
    asked.config_write(at, 1, control & 0xff)  # the byte that the bit is not in
    asked.config_write(at, 2, control | DEVCTL_BCR_FLR)
    Path(pci.sysfs(functions[0]), "reset").write_text("1")
    asked.reset()  # by the same function of the kernel, and no reset of its own
    agent.settled()
    for each in (asked, other, container):
        each.close()
    case.finish(agent)
    text = agent.printed()
    (Path("/results") / "timeline.txt").write_text(text)
    case.expect("resets", [resets(text, a) for a in functions],
                [["reset (function) ok", "reset (function) ok", "reset (ioctl) ok"], []])
    case.end()


main()
