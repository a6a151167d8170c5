#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Opening and closing a PCI device switches its memory decoding, thousands of times: see lab/README.md.
# lab/vm: --device edu,addr=02.0 --accel tcg,thread=single
"""A thousand lives of a PCI device and of a mediated one leave nothing behind: no series, no map entry, no memory."""
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import bpf_maps, mdev, pci, pci_client, vfio  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.vfio import VFIO_PCI_MSI_IRQ_INDEX  # noqa: E402

WARM_UP, CYCLES, AT_ONCE = 400, 1000, 50
IOVA, SIZE = 0x100000, 4096
# The agent's JavaScript has this room, MiB, and no more: with a lot of it garbage would be taken for growth.
HEAP, YOUNG = 24, 1
# Of 2,000 lives, KiB: what 8 KiB each would come to. Some 6 MiB are of buffers and of C's allocator, and do not go on.
GROWTH = 16 << 10


def life(path, kind, memory):
    container = vfio.Container()
    device = vfio.open_device(container, path, kind)
    eventfd = os.eventfd(0)
    device.set_irqs(VFIO_PCI_MSI_IRQ_INDEX, [eventfd])
    container.map_dma(memory.address, IOVA, SIZE)
    device.read(0, 4, 4)
    if kind is pci_client.Edu:
        device.mmap(0).unmap()
    container.unmap_dma(IOVA, SIZE)
    for each in (device, container):
        each.close()
    os.close(eventfd)


def lives(agent, n, devices, memory):
    began = time.monotonic()
    for _ in range(n // AT_ONCE):
        for _ in range(AT_ONCE):
            for path, kind in devices:
                life(path, kind, memory)
        agent.settled()  # lost records are another case's
    print(f"     {n} lives of each in {time.monotonic() - began:.0f} s, resident {resident(agent)} KiB", flush=True)


def resident(agent):
    """KiB."""
    status = Path(f"/proc/{agent.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def told_memory(metrics):
    """{map, its name as the kernel has it: bytes}, as the agent tells it."""
    head = 'migwatch_kernel_memory_bytes{map="'
    found = {series[len(head):-2]: int(value) for series, value in metrics.items() if series.startswith(head)}
    return {name[:bpf_maps.NAME]: size for name, size in found.items() if bpf_maps.CONSTANTS not in name}


def main():
    case = Case()
    edu = pci.sysfs(pci.edus(1)[0])
    mdev.load()
    devices = [(edu, pci_client.Edu), (mdev.create(mdev.SOURCE), vfio.Device)]
    memory = vfio.Memory(SIZE)
    os.environ["NODE_OPTIONS"] = f"--max-old-space-size={HEAP} --max-semi-space-size={YOUNG}"
    agent = Agent(trace=False, flags=["--flight.memory-mib=0"])
    pid = agent.process.pid
    lives(agent, WARM_UP, devices, memory)
    series, before = set(agent.metrics()), resident(agent)
    entries, maps = bpf_maps.entries(pid), bpf_maps.memory(pid)
    for _ in range(5):
        lives(agent, CYCLES // 5, devices, memory)
    now, after = agent.metrics(), resident(agent)
    case.expect("series that are new", sorted(set(now) - series), [])
    case.expect("entries in maps", bpf_maps.entries(pid), entries)
    case.expect("of which devices and eventfds", [entries[name] for name in
                ("slot_of_vdev", "slot_of_device", "slot_of_mapping", "dev_of_eventfd", "vector_of_event")], [0] * 5)
    case.expect("kernel memory of maps", bpf_maps.memory(pid), maps)
    case.expect("kernel memory as the agent tells it", told_memory(now), maps)
    case.expect(f"resident memory grew by less than {GROWTH} KiB", after - before < GROWTH, True)
    # Findings are kept, up to ten thousand of them: here is none but that mtty is no PCI device.
    case.expect("findings", [v["rule"] for v in agent.violations()], ["unsupported-bus-type"])
    case.expect("the agent's exit code", agent.stop(), 0)
    case.end()


main()
