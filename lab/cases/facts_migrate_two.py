#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# lab/vm: --device edu,addr=02.0 --device edu,addr=03.0 --device edu,addr=04.0 --device edu,addr=05.0
"""Stock QEMU migrates two PCI devices under the agent's eyes: BARs zapped, mapped for DMA, not touched; no warning."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import pci, qemu  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.trips import Trips  # noqa: E402

STATE_SIZE = 1 << 20


def of_device(now, name, address, **labels):
    inner = ",".join(f'{key}="{value}"' for key, value in {"device": address, **labels}.items())
    return int(now.get(f"migwatch_{name}{{{inner}}}", 0))


def main():
    case = Case()
    addresses = pci.edus(4, state_size=STATE_SIZE)
    paths = [pci.sysfs(address) for address in addresses]
    agent = Agent()
    source = qemu.start("source", paths[:2])
    destination = qemu.start("destination", paths[2:], incoming=True)
    source.set_parameters(downtime_limit=20000, max_bandwidth=1 << 30)
    source.migrate(destination.listen())
    ends = (source, destination)
    case.expect("QEMU's status", [end.wait_migration() for end in ends], ["completed"] * 2)
    destination.qmp.wait_event(lambda e: e["event"] == "RESUME")
    agent.settled()
    now = agent.metrics()
    saved = [of_device(now, "migration_data_bytes_total", a, direction="save") for a in addresses[:2]]
    loaded = [of_device(now, "migration_data_bytes_total", a, direction="resume") for a in addresses[2:]]
    case.expect("each pair: bytes saved and loaded", (min(saved) >= 2 * STATE_SIZE, saved), (True, loaded))
    case.expect("migrations completed",
                [now[f'migwatch_migrations_total{{side="{side}",result="completed"}}']
                 for side in ("source", "destination")], [2, 2])
    case.expect("mapped for DMA", [of_device(now, "dma_mapped_bytes", a) >= 64 << 20 for a in addresses], [True] * 4)
    # The destination's are refused: memory decoding is still off (QEMU warns and goes on).
    case.expect("who reaches whose BAR by DMA",
                [(a, t) for a in addresses for t in addresses if of_device(now, "p2p_mappings", a, target=t)],
                [(addresses[0], addresses[1]), (addresses[1], addresses[0])])
    case.expect("zaps: by COMMAND, by reset", [of_device(now, "mmio_zaps_total", a) for a in addresses], [2] * 4)
    verdicts = {v: now[f'migwatch_verdicts_total{{rule="p2p-window-open",verdict="{v}"}}'] for v in ("kept", "broken")}
    case.expect("the window was looked at, and shut", (verdicts["kept"] > 0, verdicts["broken"]), (True, 0))
    case.expect("QEMU's exit codes", [end.quit() for end in ends], [0, 0])
    agent.settled()
    now = agent.metrics()
    case.expect("p2p mappings after the exits", sum(v for k, v in now.items() if "_p2p_mappings{" in k), 0)
    case.expect("mapped bytes after the exits", sum(v for k, v in now.items() if "_dma_mapped_bytes{" in k), 0)
    found = [v for v in agent.violations() if v["rule"] != "observability-gap"]  # that is the agent, not QEMU
    for v in found:
        print(f"     {v['severity']} {v['rule']} {v['reason']} {v['device']}")
    case.expect("warnings", [v["rule"] for v in found if v["severity"] != "info"], [])
    trips = Trips(case, agent)
    trips.take("two-source", *addresses[:2])
    trips.take("two-destination", *addresses[2:])
    trips.finish()
    case.finish(agent)
    timeline = agent.printed()
    (Path("/results") / "timeline.txt").write_text(timeline)
    case.expect("BARs were faulted in for DMA, and not touched",
                [line for line in timeline.splitlines() if "fault on BAR" in line and "no touch" not in line], [])
    case.expect("refused", timeline.count("refused, order 0 (MAP_DMA, no touch)"), 2)
    case.end()


main()
