#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# lab/vm: --device edu,addr=02.0
# lab/vm: --device pcie-root-port,id=two,addr=03.0,chassis=2
# lab/vm: --device edu,bus=two,addr=00.0,multifunction=on --device edu,bus=two,addr=00.1 --device edu,bus=two,addr=00.2
"""What the agent sees of a hot reset's other devices, and of MSI as the guest sets it in config space."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import pci, pci_client, vfio  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.vfio import State, outcome  # noqa: E402

CAP_MSI = 0x05
MSI_CONTROL, MSI_ADDRESS = 2, 4
MSI_ENABLE = 1


def msi(case, device):
    """Four switches, and between them writes that switch nothing."""
    at = device.capability(CAP_MSI)
    case.expect("the device has MSI", at > 0, True)
    control = device.config_read(at + MSI_CONTROL, 2) & ~MSI_ENABLE
    device.config_write(at + MSI_CONTROL, 2, control)  # off as before
    device.config_write(at + MSI_ADDRESS, 4, 0xfee00001)
    device.command(on=pci_client.PCI_COMMAND_MASTER)
    device.config_write(at + MSI_CONTROL, 2, control | MSI_ENABLE)
    device.config_write(at + MSI_CONTROL, 1, control & 0xff | MSI_ENABLE)  # on as before
    device.config_write(at + MSI_CONTROL + 1, 1, control >> 8)  # the other byte
    device.set_state(State.STOP)
    device.config_write(at, 4, control << 16 | 0x0005)  # the whole first word
    device.set_state(State.RUNNING)
    device.config_write(at + MSI_CONTROL, 2, control | MSI_ENABLE)
    device.reset()  # turns it off, which is no config write
    device.config_write(at + MSI_CONTROL, 2, control | MSI_ENABLE)


def hot_reset(case, container, devices):
    """Three functions behind a port, two of them open, and one device elsewhere."""
    alone, asked, other = devices
    other.set_state(State.STOP_COPY)
    alone.set_state(State.STOP)
    case.expect("hot reset without the group", outcome(asked.hot_reset, []), "EINVAL")
    case.expect("hot reset", outcome(asked.hot_reset, list(container.groups.values())), "None")
    case.expect("states", [d.state().name for d in (asked, other, alone)], ["RUNNING", "RUNNING", "STOP"])


def about(text, address, *what):
    """What the timeline says of a device, as far as one of these words is in it."""
    lines = [line.split(address, 1)[1].strip() for line in text.splitlines() if f" {address} " in line]
    return [line.split(",")[0] for line in lines if any(word in line for word in what)]


def main():
    case = Case()
    addresses = pci.edus(4)
    agent = Agent()
    container = vfio.Container()
    devices = [pci_client.open_device(container, pci.sysfs(a)) for a in addresses[:3]]
    msi(case, devices[0])
    hot_reset(case, container, devices)
    agent.settled()
    case.expect("states as the agent has them", [agent.state(a) for a in addresses[:3]],
                ["STOP", "RUNNING", "RUNNING"])
    for each in (*devices, container):
        each.close()
    case.finish(agent)
    text = agent.printed()
    (Path("/results") / "timeline.txt").write_text(text)
    on, off = "MSI enabled in config space", "MSI disabled in config space"
    case.expect("MSI", about(text, addresses[0], "config space"), [on, off, on, on])
    case.expect("MSI of the others", [about(text, a, "config space") for a in addresses[1:3]], [[], []])
    case.expect("resets", [about(text, a, "reset (") for a in addresses[:3]], [
        ["reset (ioctl) ok"], ["reset (hot) EINVAL", "reset (hot) ok"], ["reset (collateral) ok"]])
    case.end()


main()
