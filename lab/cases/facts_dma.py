#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every way in which a DMA mapping ends: unmapped, several at once, all at once, with its last group."""
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import mdev, vfio  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.case import Case  # noqa: E402

PAGE = 4096
IOVAS = (0x100000, 0x101000, 0x300000, 0x400000)


def mapped(agent, address):
    agent.settled()
    return int(agent.metrics().get(f'migwatch_dma_mapped_bytes{{device="{address}"}}', 0))


def map_all(container, memory):
    for iova in IOVAS:
        container.map_dma(memory.address, iova, PAGE)


def group_of(sysfs):
    return os.path.basename(os.readlink(f"{sysfs}/iommu_group"))


def main():
    case = Case()
    mdev.load()
    agent = Agent()
    container = vfio.Container()
    uuids = (mdev.SOURCE, mdev.DESTINATION)
    paths = [mdev.create(uuid) for uuid in uuids]
    devices = [vfio.open_device(container, path) for path in paths]
    memory = vfio.Memory(PAGE)
    map_all(container, memory)
    case.expect("mapped for both", [mapped(agent, uuid) for uuid in uuids], [4 * PAGE] * 2)
    case.expect("two at once", container.unmap_dma(IOVAS[0], 2 * PAGE), 2 * PAGE)
    case.expect("left", mapped(agent, mdev.SOURCE), 2 * PAGE)
    case.expect("where nothing is", container.unmap_dma(IOVAS[0], 2 * PAGE), 0)
    case.expect("left", mapped(agent, mdev.SOURCE), 2 * PAGE)
    case.expect("all at once", container.unmap_all(), 2 * PAGE)
    case.expect("left", mapped(agent, mdev.SOURCE), 0)
    map_all(container, memory)
    devices[0].close()
    container.remove_group(group_of(paths[0]))
    case.expect("one group has left: of the other", mapped(agent, mdev.DESTINATION), 4 * PAGE)
    devices[1].close()
    container.remove_group(group_of(paths[1]))
    container.close()
    case.finish(agent)
    text = agent.printed()
    (Path("/results") / "timeline.txt").write_text(text)
    lines = text.splitlines()
    case.expect("each mapping's end", [sum(f"mapping gone: iova {iova:#x} " in line for line in lines) for iova in IOVAS],
                [2] * len(IOVAS))
    case.expect("groups that left", sum(" leaves" in line for line in lines), 2)
    last = max(n for n, line in enumerate(lines) if " leaves" in line)
    with_it = sum("mapping gone" in line for line in lines[last - len(IOVAS):last + len(IOVAS) + 1])
    case.expect("the last mappings end when the last group leaves", with_it, len(IOVAS))
    case.end()


main()
