#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# lab/vm: --device edu,addr=02.0
"""What the agent sees of dirty tracking: the ranges a device is asked to log, the pages a container reports."""
import errno
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import mdev, pci, pci_client, vfio  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.vfio import outcome  # noqa: E402

MIB = 1 << 20
LOW, HIGH = 0, 4 << 30


def ranges(case, device):
    case.expect("two ranges", device.log_start([(LOW, 16 * MIB), (HIGH, 64 * MIB)]), 4096)
    case.expect("a second start", outcome(device.log_start, [(HIGH, MIB)]), "EINVAL")
    # Debian's kernel has no IOVA bitmaps (CONFIG_IOMMUFD is off).
    case.expect("a report", outcome(device.log_report, LOW, MIB), errno.errorcode[errno.EOPNOTSUPP])
    device.log_stop()
    many = [(n * MIB, 4096) for n in range(200)]
    case.expect("many ranges", device.log_start(many), 4096)
    device.log_stop()


def all_dirty(case, container, memory):
    """edu's driver pins nothing, so type1 calls all dirty that is mapped."""
    container.dirty_start()
    container.map_dma(memory.address, HIGH, memory.size)
    case.expect("pages", len(container.dirty_pages(HIGH, memory.size)), memory.size // 4096)
    container.unmap_dma(HIGH, memory.size)
    case.expect("of what is not mapped", container.dirty_pages(HIGH, MIB), [])
    container.dirty_stop()


def none_dirty(case, container, memory):
    """An mdev dirties what its driver pins or writes: mtty does neither."""
    container.map_dma(memory.address, HIGH, memory.size)
    container.dirty_start()
    case.expect("pages", container.dirty_pages(HIGH, memory.size), [])
    container.dirty_stop()
    container.unmap_dma(HIGH, memory.size)


def lines(text, what):
    return [line for line in text.splitlines() if what in line]


def main():
    case = Case()
    mdev.load()
    address, = pci.edus(1)
    agent = Agent()
    memory = vfio.Memory(3 * MIB + 4096)
    physical, emulated = vfio.Container(), vfio.Container()
    device = pci_client.open_device(physical, pci.sysfs(address))
    other = vfio.open_device(emulated, mdev.create(mdev.SOURCE))
    ranges(case, device)
    all_dirty(case, physical, memory)
    none_dirty(case, emulated, memory)
    for each in (device, other, physical, emulated):
        each.close()
    case.finish(agent)
    text = agent.printed()
    (Path("/results") / "timeline.txt").write_text(text)
    covered = lines(text, "dirty log covers")
    case.expect("ranges", len(covered), 2 + 200)
    case.expect("the first two", ["iova 0x0 16.0 MiB" in covered[0], "iova 0x100000000 64.0 MiB" in covered[1]],
                [True, True])
    reports = lines(text, "dirty pages")
    for line in reports:
        print(f"     {line}")
    pages = memory.size // 4096
    case.expect("reports", [f"{pages} dirty pages, iova 0x100000000 to {HIGH + memory.size - 4096:#x}" in reports[0],
                            *(" 0 dirty pages" in line for line in reports[1:])], [True] * 3)
    case.end()


main()
