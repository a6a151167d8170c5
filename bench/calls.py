# SPDX-License-Identifier: Apache-2.0
"""The calls that are measured: each answers the guest instructions of one, the least of three rounds."""
import ctypes
import os
import struct
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "lab"))
from guest import kvm, pci, pci_client, vfio  # noqa: E402
from guest.vfio import State  # noqa: E402

BENCH = ROOT / "build" / "bench"
CALLS = 500
ROUNDS = 3
FRESH = 250  # eventfds a round: all of them are open at a time
PAGES = 256  # of edu's BAR

loop = ctypes.CDLL(str(BENCH / "loop.so"))
for function, arguments in (
        (loop.loop_ioctl, [ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_int]),
        (loop.loop_set_irqs, [ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int), ctypes.c_int]),
        (loop.loop_pread, [ctypes.c_int, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_int]),
        (loop.loop_touch, [ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int]),
        (loop.loop_interrupt, [ctypes.c_void_p, ctypes.c_int])):
    function.restype = ctypes.c_long
    function.argtypes = arguments


def least(rounds, n):
    cost = min(rounds)
    if cost < 0:
        raise OSError("the measured call failed")
    return cost / n


def per_call(call, *args, n=CALLS):
    """The first round warms up."""
    return least((call(*args, n) for _ in range(ROUNDS)), n)


def get_info(device):
    info = ctypes.create_string_buffer(struct.pack("=IIIIII", 24, 0, 0, 0, 0, 0))
    return per_call(loop.loop_ioctl, device.fd, vfio.VFIO_DEVICE_GET_INFO, info)


def irq_set(index, eventfd):
    flags = vfio.VFIO_IRQ_SET_DATA_EVENTFD | vfio.VFIO_IRQ_SET_ACTION_TRIGGER
    return ctypes.create_string_buffer(struct.pack("=IIIIIi", 24, flags, index, 0, 1, eventfd))


def set_irqs(device, index):
    eventfd = os.eventfd(0)
    try:
        return per_call(loop.loop_ioctl, device.fd, vfio.VFIO_DEVICE_SET_IRQS, irq_set(index, eventfd))
    finally:
        os.close(eventfd)


def set_fresh_irqs(device, index):
    """Each call another eventfd, which the probes have not seen before."""
    eventfds = [[os.eventfd(0) for _ in range(FRESH)] for _ in range(ROUNDS)]
    irqs = irq_set(index, -1)
    try:
        return least([loop.loop_set_irqs(device.fd, irqs, (ctypes.c_int * FRESH)(*fresh), FRESH) for fresh in eventfds], FRESH)
    finally:
        for eventfd in sum(eventfds, []):
            os.close(eventfd)


def region_read(device):
    return per_call(loop.loop_pread, device.fd, ctypes.create_string_buffer(8), 1, 7)


def fault(edu):
    """Each round in a mapping of its own: a page faults once."""
    rounds = []
    for _ in range(ROUNDS):
        bar = edu.mmap(0)
        rounds.append(loop.loop_touch(bar.address, pci_client.PAGE, PAGES))
        bar.unmap()
    return min(rounds) / PAGES


def interrupt(edu):
    bar = edu.mmap(0)
    bar.read(edu.LIVENESS)
    edu.msi_count()
    cost = per_call(loop.loop_interrupt, bar.address)
    seen = edu.msi_count()
    bar.unmap()
    if seen != ROUNDS * CALLS:
        raise OSError(f"{ROUNDS * CALLS} interrupts raised, {seen} handled")
    return cost


def vcpu(machine):
    """Of KVM_RUN: into the guest, which halts, and out again."""
    machine.run()
    return per_call(loop.loop_ioctl, machine.vcpu, kvm.KVM_RUN, None)


def open_edu(container):
    address = pci.edus(1)[0]
    edu = pci_client.open_device(container, pci.sysfs(address))
    edu.command(on=pci_client.PCI_COMMAND_MASTER | pci_client.PCI_COMMAND_MEMORY)
    edu.enable_msi()
    pci.switch(address, "quiesce", 0)
    return edu


def measure(mtty, edu):
    """{row: instructions}; the devices end as they began, in RUNNING."""
    # Open before the agent, they are of unknown state, and watched, until somebody says.
    for device in (mtty, edu):
        device.set_state(State.RUNNING)
    # The probes know whose an eventfd is from the SET_IRQS that they saw.
    edu.disable_msi()
    edu.enable_msi()
    found = {
        "ioctl GET_INFO, of no interest": get_info(mtty),
        "region read, RUNNING": region_read(mtty),
        "BAR fault, RUNNING": fault(edu),
        "MSI, RUNNING": interrupt(edu),
        "ioctl SET_IRQS": set_irqs(mtty, vfio.VFIO_PCI_INTX_IRQ_INDEX),
        "ioctl SET_IRQS, a new eventfd": set_fresh_irqs(mtty, vfio.VFIO_PCI_INTX_IRQ_INDEX),
        "ioctl SET_IRQS, PCI": set_irqs(edu, vfio.VFIO_PCI_MSI_IRQ_INDEX),
        "ioctl SET_IRQS, PCI, a new eventfd": set_fresh_irqs(edu, vfio.VFIO_PCI_MSI_IRQ_INDEX),
    }
    edu.disable_msi()
    edu.enable_msi()
    data_fds = [device.set_state(State.STOP_COPY) for device in (mtty, edu)]
    found["region read, STOP_COPY"] = region_read(mtty)
    found["BAR fault, STOP_COPY"] = fault(edu)
    found["MSI, STOP_COPY"] = interrupt(edu)
    for device, data_fd in zip((mtty, edu), data_fds):
        os.close(data_fd)
        device.set_state(State.RUNNING)
    return found
