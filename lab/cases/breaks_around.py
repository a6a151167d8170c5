#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# lab/vm: --device pcie-root-port,id=one,addr=03.0,chassis=1 --device edu,bus=one
"""What breaks a rule around the device: an error of the port above it while it is halted, memory that is not tracked."""
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import aer, pci, pci_client, vfio  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.case import Breaks, Case  # noqa: E402
from guest.kmsg import KernelLog  # noqa: E402
from guest.vfio import State  # noqa: E402

MIB = 1 << 20
TRACKED, OUTSIDE = 0, 4 << 30


def port_above(address):
    return os.path.basename(os.path.dirname(os.path.realpath(f"/sys/bus/pci/devices/{address}")))


def untracked(breaks, container, device):
    """Memory is mapped inside of what DMA_LOGGING_START named, then outside of it."""
    memory = vfio.Memory(2 * MIB)
    device.log_start([(TRACKED, 16 * MIB)])
    container.map_dma(memory.address, TRACKED, MIB)
    breaks.not_yet("dirty-range-gap")
    container.map_dma(memory.address + MIB, OUTSIDE, MIB)
    breaks.awaited("dirty-range-gap", "outside", "warning")
    device.log_stop()
    for iova in (TRACKED, OUTSIDE):
        container.unmap_dma(iova, MIB)


def error_above(breaks, device, port, log):
    """What is corrected stays with the port; of the rest the driver below is told."""
    device.set_state(State.STOP)
    aer.inject(port, correctable=aer.BAD_TLP)
    log.wait(f"{port}: +PCIe Bus Error")
    breaks.not_yet("host-error-while-halted")
    aer.inject(port, uncorrectable=aer.COMPLETION_TIMEOUT)
    breaks.awaited("host-error-while-halted", "coincident", "critical")
    device.set_state(State.RUNNING)


def main():
    case = Case()
    aer.load()
    address, = pci.edus(1)
    log = KernelLog()
    agent = Agent()
    breaks = Breaks(case, agent)
    container = vfio.Container()
    device = pci_client.open_device(container, pci.sysfs(address))
    untracked(breaks, container, device)
    error_above(breaks, device, port_above(address), log)
    device.close()
    container.close()
    case.finish(agent)
    (Path("/results") / "timeline.txt").write_text(agent.printed())
    case.end()


main()
