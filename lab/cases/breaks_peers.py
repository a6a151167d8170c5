#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# lab/vm: --device edu,addr=02.0 --device edu,addr=03.0 --device edu,addr=04.0
"""Several devices, and devices that lack a flag: what they may not do together, on the real kernel."""
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import pci, pci_client, vfio  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.case import Breaks, Case  # noqa: E402
from guest.pci_client import PCI_COMMAND_MEMORY  # noqa: E402
from guest.vfio import State  # noqa: E402

PEER = 1 << 30
STOP_COPY, UNDEFINED = 1, 8


def opened(*addresses):
    container = vfio.Container()
    return container, *(pci_client.open_device(container, pci.sysfs(a)) for a in addresses)


def revoked(breaks, addresses):
    """A BAR is mapped for a peer's DMA and stays so when memory decoding goes off."""
    container, device, peer = opened(*addresses)
    bar = peer.mmap(0)
    container.map_dma(bar.address, PEER, bar.size)
    peer.command(off=PCI_COMMAND_MEMORY)
    breaks.awaited("p2p-map-survives-zap", f"in-{addresses[0]}", "info")
    container.unmap_dma(PEER, bar.size)
    bar.unmap()
    for each in (device, peer, container):
        each.close()


def one_by_one(breaks, addresses):
    """Stopped and started without a P2P state in between. No BAR is mapped: there is no window that explains it."""
    container, *devices = opened(*addresses)
    for each in devices:
        each.set_state(State.STOP)
    breaks.now("p2p-quiesce-order", "peer-running", "info")
    for each in devices:
        each.set_state(State.RUNNING)
    breaks.now("p2p-release-order", "peer-halted", "info")
    for each in (*devices, container):
        each.close()


def without_p2p(breaks, addresses):
    container, device, lacking = opened(*addresses)
    breaks.now("no-quiescent-state", f"no-p2p-state-{addresses[1]}", "info")
    fds = [each.set_state(State.STOP_COPY) for each in (device, lacking)]
    breaks.now("p2p-flag-missing-multi-device", "without-p2p", "info")
    for each, fd in zip((device, lacking), fds):
        vfio.read_data(fd)
        each.set_state(State.RUNNING)
        os.close(fd)
    for each in (device, lacking, container):
        each.close()


def undefined(breaks, address):
    container, device = opened(address)
    breaks.now("mig-flags-invalid", f"undefined-bits-{address}", "warning")
    device.close()
    container.close()


def rebound(address, flags):
    Path("/sys/module/edu_vfio/parameters/flags").write_text(str(flags))
    pci.bind(address, "edu_vfio")


def main():
    case = Case()
    addresses = pci.edus(3, flags=7, state_size=4096)
    agent = Agent()
    breaks = Breaks(case, agent)
    revoked(breaks, addresses[:2])
    one_by_one(breaks, addresses[:2])
    rebound(addresses[1], STOP_COPY)
    without_p2p(breaks, addresses[:2])
    rebound(addresses[2], STOP_COPY | UNDEFINED)
    undefined(breaks, addresses[2])
    case.finish(agent)
    (Path("/results") / "timeline.txt").write_text(agent.printed())
    case.end()


main()
