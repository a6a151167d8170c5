#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# lab/vm: --device edu,addr=02.0
"""A device that goes on with DMA after STOP: the IOMMU refuses it, the kernel logs it, the rule fires. In RUNNING: nothing."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import pci, pci_client, vfio  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.kmsg import KernelLog  # noqa: E402
from guest.pci_client import PCI_COMMAND_MASTER  # noqa: E402
from guest.vfio import State  # noqa: E402

UNMAPPED = 0xdead000
RULE = "iommu-fault-while-halted"
KEPT = f'migwatch_verdicts_total{{rule="{RULE}",verdict="kept"}}'


def main():
    case = Case()
    address, = pci.edus(1)
    agent = Agent()
    container = vfio.Container()
    device = pci_client.open_device(container, pci.sysfs(address))
    device.command(on=PCI_COMMAND_MASTER)
    log = KernelLog()
    device.dma(UNMAPPED, 64, to_memory=True)
    print(f"     in RUNNING: {log.wait('DMAR: .*fault addr')}", flush=True)
    # Of a fault only the two looks at the log that it fell between are certain: the first may have been too early.
    seen, attempts = 0, 0
    while not seen and attempts < 100:
        attempts += 1
        device.dma(UNMAPPED, 64, to_memory=True)
        device.dma_wait()
        seen = agent.metrics()[KEPT]
    case.expect("a fault in RUNNING is no violation", seen >= 1, True)
    case.rules(agent, [])
    pci.switch(address, "quiesce", 0)
    pci.switch(address, "stray_msi", 0)
    pci.switch(address, "stray_iova", UNMAPPED)
    device.dma_wait()
    device.set_state(State.STOP)
    agent.wait_log(RULE)
    agent.settled()
    case.rules(agent, [(RULE, "critical")])
    found = next(v for v in agent.violations() if v["rule"] == RULE)
    case.expect("device, state, address, direction",
                (found["device"], found["state"], found["evidence"]["iova"], found["evidence"]["direction"]),
                (address, "STOP", f"{UNMAPPED:#x}", "write"))
    case.expect("coverage of a rate-limited log", found["coverage"]["iommu-fault"], "partial")
    pci.switch(address, "quiesce", 1)
    device.set_state(State.RUNNING)
    device.close()
    container.close()
    case.finish(agent)
    (Path("/results") / "timeline.txt").write_text(agent.printed())
    case.end()


main()
