#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The lab's own VFIO client takes an mtty device through its states and misbehaves on the way.

Run: lab/vm -- python3 lab/cases/smoke_client.py
"""
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import mdev, vfio  # noqa: E402
from guest.vfio import State, outcome  # noqa: E402

SCRATCH = 7  # the UART's scratch register: reads back what was written
failures = []


def expect(what, got, wanted):
    print(f"{'ok  ' if got == wanted else 'FAIL'} {what}: {got}", flush=True)
    if got != wanted:
        failures.append(what)


def save(device):
    """RUNNING -> STOP_COPY -> STOP -> RUNNING, with a region written in STOP_COPY."""
    expect("RUNNING -> STOP_COPY gives a data_fd", (data_fd := device.set_state(State.STOP_COPY)) is not None, True)
    expect("state", device.state().name, "STOP_COPY")
    expect("write a region in STOP_COPY", outcome(device.write, 0, SCRATCH, b"\x5a"), "1")
    expect("read it back in STOP_COPY", outcome(device.read, 0, SCRATCH, 1), r"b'Z'")
    data = vfio.read_data(data_fd)
    expect("data_fd read to its end, magic", data[:8].hex(), (0x7e9d09898c3e2c4e).to_bytes(8, "little").hex())
    print(f"     {len(data)} bytes")
    expect("STOP_COPY -> ERROR, never allowed", outcome(device.set_state, State.ERROR), "EINVAL")
    expect("STOP_COPY -> STOP", outcome(device.set_state, State.STOP), "None")
    expect("read after the session", outcome(os.read, data_fd, 1), "ENODEV")
    os.close(data_fd)
    expect("STOP -> RUNNING", outcome(device.set_state, State.RUNNING), "None")
    return data


def resume(device, data):
    data_fd = device.set_state(State.RESUMING)
    eventfd = os.eventfd(0, os.EFD_NONBLOCK)
    expect("SET_IRQS in RESUMING", outcome(device.set_irqs, vfio.VFIO_PCI_INTX_IRQ_INDEX, [eventfd]), "None")
    vfio.write_data(data_fd, data)
    expect("RESUMING -> RUNNING", outcome(device.set_state, State.RUNNING), "None")
    os.close(data_fd)
    device.trigger(vfio.VFIO_PCI_INTX_IRQ_INDEX)
    expect("interrupt", outcome(os.eventfd_read, eventfd), "1")
    expect("SET_IRQS none", outcome(device.set_irqs, vfio.VFIO_PCI_INTX_IRQ_INDEX, []), "None")
    os.close(eventfd)


def pre_copy(device):
    data_fd = device.set_state(State.PRE_COPY)
    initial, dirty = vfio.precopy_info(data_fd)
    expect("PRE_COPY info (initial, dirty)", (initial > 0, dirty), (True, 0))
    expect("DEVICE_RESET in PRE_COPY", outcome(device.reset), "None")
    expect("state", device.state().name, "RUNNING")
    os.close(data_fd)


def dma(container):
    memory = vfio.Memory(1 << 16)
    expect("MAP_DMA", outcome(container.map_dma, memory.address, 0x10000, memory.size), "None")
    expect("MAP_DMA again", outcome(container.map_dma, memory.address, 0x10000, memory.size), "EEXIST")
    expect("UNMAP_DMA", outcome(container.unmap_dma, 0x10000, memory.size), str(memory.size))


def main():
    mdev.load()
    container = vfio.Container()
    device = vfio.open_device(container, mdev.create(mdev.SOURCE))
    expect("migration flags", device.migration_flags(), 7)
    expect("config region (size, offset)", device.region(vfio.VFIO_PCI_CONFIG_REGION_INDEX)[:2], (255, 7 << 40))
    data = save(device)
    resume(device, data)
    pre_copy(device)
    dma(container)
    device.close()
    container.close()
    mdev.remove(mdev.SOURCE)
    return len(failures)


if __name__ == "__main__":
    sys.exit(main())
