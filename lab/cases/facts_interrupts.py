#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Interrupts that a driver signals itself, and vCPUs that run, while a device is halted; and what only looks like them."""
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import kvm, mdev, vfio  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.vfio import VFIO_PCI_MSI_IRQ_INDEX, State  # noqa: E402

UART_IER, IER_THRI = 1, 2  # setting it makes mtty raise an interrupt at once
ATTACHED = 'migwatch_probe_attached{probe="%s",kind="%s"}'
# More than halted.bpf.h has places for: HALTED_PLACES.
CROWD = [f"5a5a00c{n:x}-0000-4000-8000-00000000000{n:x}" for n in range(9)]
SIGNAL, ENTRY = ATTACHED % ("eventfd_signal_mask", "fentry"), ATTACHED % ("kvm_entry", "raw_tp")


def interrupt(case, device, eventfd):
    device.write(0, UART_IER, bytes([IER_THRI]))
    case.expect("interrupts", os.eventfd_read(eventfd), 1)


def halted(agent, device, state=State.STOP):
    data_fd = device.set_state(state)
    for probe in (SIGNAL, ENTRY):
        agent.wait_metric(probe, 1)
    return data_fd


def seen(agent, address):
    agent.settled()
    return int(agent.metrics().get(f'migwatch_interrupts_while_halted_total{{device="{address}"}}', 0))


def interrupts(case, agent, device, other):
    mine, theirs = (os.eventfd(0, os.EFD_NONBLOCK) for _ in range(2))
    device.set_irqs(VFIO_PCI_MSI_IRQ_INDEX, [mine])
    other.set_irqs(VFIO_PCI_MSI_IRQ_INDEX, [theirs])
    interrupt(case, device, mine)
    case.expect("attached while all are RUNNING", [agent.metrics()[p] for p in (SIGNAL, ENTRY)], [0, 0])
    halted(agent, device)
    interrupt(case, device, mine)
    interrupt(case, device, mine)
    case.expect("signalled in STOP", seen(agent, mdev.SOURCE), 2)
    interrupt(case, other, theirs)  # of a device that is RUNNING
    os.eventfd_write(mine, 1)       # by the VMM
    device.trigger(VFIO_PCI_MSI_IRQ_INDEX)  # loopback: SET_IRQS tells of it
    case.expect("what came of those", os.eventfd_read(mine), 2)
    device.set_irqs(VFIO_PCI_MSI_IRQ_INDEX, [])
    other.set_irqs(VFIO_PCI_MSI_IRQ_INDEX, [])
    other.set_irqs(VFIO_PCI_MSI_IRQ_INDEX, [mine])
    interrupt(case, other, mine)    # on an eventfd that was the halted device's
    case.expect("signalled in STOP: no more", seen(agent, mdev.SOURCE), 2)
    device.set_state(State.RUNNING)


def judged(agent):
    """vCPU entries that were held against the device so far."""
    agent.settled()
    return int(agent.metrics()['migwatch_verdicts_total{rule="vcpu-entry-while-halted",verdict="broken"}'])


def entries(case, agent, device):
    """A run may enter its guest more than once: the host's interrupts end an entry, too."""
    machine = kvm.Machine()
    machine.run()
    halted(agent, device)
    child = os.fork()
    if child == 0:
        kvm.Machine().run()
        os._exit(0)
    case.expect("another VM ran", os.waitpid(child, 0)[1], 0)
    case.expect("entries before the VM's own", judged(agent), 0)
    for _ in range(3):
        machine.run()
    stopped = judged(agent)
    case.expect("entries in STOP, at least", stopped >= 3, True)
    halted(agent, device, State.RUNNING_P2P)
    machine.run()
    quiet = judged(agent)
    case.expect("entries in RUNNING_P2P", quiet > stopped, True)
    device.set_state(State.RUNNING)
    machine.run()
    case.expect("entries in RUNNING", judged(agent) - quiet, 0)


def crowd(agent, container):
    """More devices halted than a VM has places for: an entry is told of each all the same."""
    machine = kvm.Machine()
    devices = [vfio.open_device(container, mdev.create(uuid)) for uuid in CROWD]
    for device in devices:
        halted(agent, device)
    machine.run()
    for device in devices:
        device.set_state(State.RUNNING)
        device.close()
    agent.settled()


def let_go(case, agent):
    while any(agent.metrics()[p] for p in (SIGNAL, ENTRY)):
        pass
    case.expect("attached when all are RUNNING again", [agent.metrics()[p] for p in (SIGNAL, ENTRY)], [0, 0])


def main():
    case = Case()
    kvm.load()
    mdev.load()
    agent = Agent()
    container = vfio.Container()
    device, other = (vfio.open_device(container, mdev.create(uuid)) for uuid in (mdev.SOURCE, mdev.DESTINATION))
    interrupts(case, agent, device, other)
    let_go(case, agent)
    entries(case, agent, device)
    # Nothing of the device is mapped, and nothing migrates: one degree less for the vCPUs.
    case.rules(agent, [("irq-while-halted", "critical"), ("mmio-rw-while-halted", "warning"),
                       ("vcpu-entry-while-halted", "info"), ("vcpu-entry-while-halted", "warning")])
    crowd(agent, container)
    let_go(case, agent)
    for each in (device, other, container):
        each.close()
    case.finish(agent)
    text = agent.printed()
    (Path("/results") / "timeline.txt").write_text(text)
    lines = text.splitlines()
    case.expect("interrupts", sum("(eventfd)" in line for line in lines), 2)
    entered = [line for line in lines if "entered the guest" in line]
    case.expect("entered with a crowd halted", [uuid for uuid in CROWD if not any(uuid in line for line in entered)], [])
    case.end()


main()
