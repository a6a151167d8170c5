#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# lab/vm: --device edu,addr=02.0 --device edu,addr=06.0
"""INTx on a line that two devices share: an interrupt counts against the device that raised it, and no other."""
import os
import select
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import pci, pci_client, vfio  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.vfio import State  # noqa: E402

HALTED = "0000:00:02.0"
WAIT = 30  # seconds


def raised(device, eventfd):
    """Raises INTx; answers how often its user was told of it."""
    device.raise_interrupt()
    if not select.select([eventfd], [], [], WAIT)[0]:
        return 0
    device.poke(device.ACKNOWLEDGE, 1)
    return os.eventfd_read(eventfd)


def seen(agent):
    agent.settled()
    return int(agent.metrics().get(f'migwatch_interrupts_while_halted_total{{device="{HALTED}"}}', 0))


def line_of(address):
    return Path(pci.sysfs(address), "irq").read_text()


def main():
    case = Case()
    addresses = pci.edus(2)
    agent = Agent()
    container = vfio.Container()
    halted, other = (pci_client.open_device(container, pci.sysfs(a)) for a in addresses)
    case.expect("they share a line", len({line_of(a) for a in addresses}), 1)
    mine, theirs = (os.eventfd(0, os.EFD_NONBLOCK) for _ in range(2))
    halted.set_irqs(vfio.VFIO_PCI_INTX_IRQ_INDEX, [mine])
    other.set_irqs(vfio.VFIO_PCI_INTX_IRQ_INDEX, [theirs])
    halted.set_state(State.STOP)
    case.expect("the other's interrupt", raised(other, theirs), 1)
    case.expect("held against the halted one", seen(agent), 0)
    case.expect("its own", raised(halted, mine), 1)
    case.expect("held against it", seen(agent), 1)
    for device in (halted, other):
        device.set_irqs(vfio.VFIO_PCI_INTX_IRQ_INDEX, [])
    halted.set_state(State.RUNNING)
    for each in (halted, other, container):
        each.close()
    case.finish(agent)
    text = agent.printed()
    (Path("/results") / "timeline.txt").write_text(text)
    lines = [line for line in text.splitlines() if "interrupt " in line]
    for line in lines:
        print(f"     {line}")
    case.expect("by INTx", [(HALTED in line, "INTx" in line) for line in lines], [(True, True)])
    case.end()


main()
