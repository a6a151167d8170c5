#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# lab/vm: --device edu,addr=02.0 --device edu,addr=03.0
"""Devices that are open, mapped, interrupting and in states of their own before the agent starts: it finds out."""
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import pci, pci_client, vfio  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.pci_client import PCI_COMMAND_MASTER  # noqa: E402
from guest.vfio import State  # noqa: E402

D0, D1 = "0000:00:02.0", "0000:00:03.0"
RAM, PEER = 0x100000, 0x80000000
BAR_BYTES = 1 << 20
PAGES = 3000  # a mapping each, not next to each other: the kernel would not join them either way


def metric(agent, name, **labels):
    agent.settled()
    inner = ",".join(f'{key}="{value}"' for key, value in labels.items())
    value = agent.metrics().get(f"migwatch_{name}{{{inner}}}")
    return None if value is None else int(value)


def await_finding(agent, rule, timeout=120):
    """Some are judged at the next tick."""
    deadline = time.monotonic() + timeout
    while not (found := [v for v in agent.violations() if v["rule"] == rule]) and time.monotonic() < deadline:
        pass
    return [(v["device"], v["reason"], v["severity"]) for v in found]


def arrange(container, device, peer):
    """One runs, one is halted; memory in many pieces, and the BAR of the halted one."""
    memory, bar = vfio.Memory(4096 * PAGES), peer.mmap(0)
    for n in range(PAGES):
        container.map_dma(memory.address + 4096 * n, RAM + 8192 * n, 4096)
    container.map_dma(bar.address, PEER, bar.size)
    for each in (device, peer):
        each.command(on=PCI_COMMAND_MASTER)
        each.enable_msi()
        each.set_state(State.RUNNING_P2P)
    peer.set_state(State.STOP)
    return memory, bar


def found(case, agent):
    devices = agent.devices()
    case.expect("states", [(d, devices[d]["state"], devices[d]["known_by"]) for d in (D0, D1)],
                [(D0, "RUNNING_P2P", "inventory"), (D1, "STOP", "inventory")])
    case.expect("mapped bytes", [metric(agent, "dma_mapped_bytes", device=d) for d in (D0, D1)],
                [4096 * PAGES + BAR_BYTES] * 2)
    case.expect("p2p mappings", metric(agent, "p2p_mappings", device=D0, target=D1), 1)
    case.expect("map operations seen", metric(agent, "dma_map_operations_total", device=D0, operation="map") or 0, 0)
    case.rules(agent, [("observability-gap", "info")] * 2, "findings: none but that it came late")


def acts(case, agent, container, device, peer, bar):
    """What was found is used as if it had been seen."""
    pci.switch(D1, "quiesce", 0)
    irqs = "interrupts_while_halted_total"
    agent.wait_metric(f'migwatch_{irqs}{{device="{D1}"}}', 1)
    pci.switch(D1, "quiesce", 1)
    case.expect("an interrupt of the halted device is known for its own",
                {v["device"] for v in agent.violations() if v["rule"] == "irq-while-halted"}, {D1})
    device.set_state(State.RUNNING)
    case.expect("a device that was found to have the BAR mapped", await_finding(agent, "p2p-window-open"),
                [(D1, f"from-{D0}", "warning")])
    container.unmap_dma(PEER, bar.size)
    case.expect("p2p mappings after unmap", metric(agent, "p2p_mappings", device=D0, target=D1), 0)
    case.expect("mapped bytes after unmap", metric(agent, "dma_mapped_bytes", device=D0), 4096 * PAGES)
    container.unmap_dma(RAM, 8192 * PAGES)
    case.expect("mapped bytes after the rest", metric(agent, "dma_mapped_bytes", device=D0), 0)
    peer.set_state(State.RUNNING)
    agent.settled()
    case.expect("state", agent.state(D1), "RUNNING")


def main():
    case = Case()
    addresses = pci.edus(2)
    container = vfio.Container()
    device, peer = (pci_client.open_device(container, pci.sysfs(a)) for a in addresses)
    _memory, bar = arrange(container, device, peer)
    agent = Agent()
    agent.settled()
    found(case, agent)
    acts(case, agent, container, device, peer, bar)
    bar.unmap()
    for each in (device, peer, container):
        each.close()
    case.rules(agent, [("observability-gap", "info"), ("observability-gap", "info"), ("irq-while-halted", "critical"),
                       ("p2p-window-open", "warning")])
    case.finish(agent)
    text = agent.printed()
    (Path("/results") / "timeline.txt").write_text(text)
    for what in (f"found {PAGES + 1} mappings in container 1", "found in STOP (verified)",
                 "found in RUNNING_P2P (verified)", "found MSI set up, 1 vectors (verified)",
                 f"found mapped: iova {PEER:#x} 1.0 MiB (verified)", "... is BAR 0+0x0 of device #"):
        case.expect(f"printed: {what}", what in text, True)
    case.end()


main()
