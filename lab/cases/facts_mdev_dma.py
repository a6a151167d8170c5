#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""DMA of a mediated device, which its driver does by itself: told of one that is halted, and of no other."""
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import v1, vfio  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.vfio import outcome  # noqa: E402

HALTED = "5a5a0011-0000-4000-8000-000000000011"
OTHER = "5a5a0012-0000-4000-8000-000000000012"
BAR = vfio.VFIO_PCI_BAR0_REGION_INDEX
PAGE, IOVA, NOWHERE = 4096, 0x100000, 0x900000

# lab/modules/v1_mdev/v1_mdev.h
DMA_REQUEST, DMA_BUFFER, DMA_BYTES = 16, 128, 64
PIN, UNPIN, READ, WRITE = 1, 2, 3, 4


def dma(device, command, iova):
    device.write(BAR, DMA_REQUEST, struct.pack("=QII", iova, command, 0))


def everything(case, device, memory):
    """All that the driver can do, and that it did it."""
    device.write(BAR, DMA_BUFFER, b"\xa5" * DMA_BYTES)
    dma(device, PIN, IOVA)
    dma(device, WRITE, IOVA)
    case.expect("the user's memory", memory.bytes[:DMA_BYTES], b"\xa5" * DMA_BYTES)
    dma(device, READ, IOVA + PAGE)
    case.expect("the device's buffer", device.read(BAR, DMA_BUFFER, DMA_BYTES), bytes(DMA_BYTES))
    dma(device, UNPIN, IOVA)
    case.expect("DMA to where nothing is mapped", outcome(dma, device, WRITE, NOWHERE) != "None", True)


def told(text, name):
    """What the timeline has of a device's DMA, without its numbers for time."""
    lines = [line[line.index(name) + len(name):] for line in text.splitlines() if name in line]
    words = ("pinned", "unpinned", "driver wrote", "driver read")
    return [line[line.index(word):] for line in lines for word in words if f" {word}" in line]


def main():
    case = Case()
    v1.load()
    agent = Agent()
    container = vfio.Container()
    halted, other = (vfio.open_device(container, v1.create(uuid), v1.Device) for uuid in (HALTED, OTHER))
    memory = vfio.Memory(2 * PAGE)
    container.map_dma(memory.address, IOVA, memory.size)
    for device in (halted, other):
        device.find_region()
    halted.change(v1.STOP)
    for device in (halted, other):
        everything(case, device, memory)
    dma(halted, PIN, IOVA)
    case.expect("unmapping takes the pinned page away", container.unmap_dma(IOVA, memory.size), memory.size)
    halted.change(v1.RUNNING)
    for each in (halted, other, container):
        each.close()
    case.finish(agent)
    text = agent.printed()
    (Path("/results") / "timeline.txt").write_text(text)
    seen = told(text, HALTED)
    for line in seen:
        print(f"     {line}")
    case.expect("of the device that is RUNNING", told(text, OTHER), [])
    case.expect("of the halted one", len(seen), 7)
    case.end()


main()
