#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# lab/vm: --device edu,addr=02.0 --device edu,addr=03.0 --device edu,addr=04.0 --device edu,addr=05.0
# lab/vm: --accel tcg,thread=single
"""Stock QEMU migrates a VM with two PCI devices ten times, back and forth between two pairs of devices."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import pci, qemu  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.trips import Trips  # noqa: E402

TIMES = 10


def main():
    case = Case()
    addresses = pci.edus(4, state_size=1 << 16)
    pairs = [addresses[:2], addresses[2:]]
    agent = Agent()
    trips = Trips(case, agent)
    here = qemu.start("vm-0", [pci.sysfs(a) for a in pairs[0]])
    done = []
    for n in range(1, TIMES + 1):
        there = qemu.start(f"vm-{n}", [pci.sysfs(a) for a in pairs[n % 2]], incoming=True)
        here.set_parameters(downtime_limit=20000, max_bandwidth=1 << 30)
        seen = len(here.qmp.events)
        here.migrate(there.listen())
        done.append((here.wait_migration(since=seen), there.wait_migration()))
        there.wait_state("running")
        case.expect(f"exit code of vm-{n - 1}", here.quit(), 0)
        here = there
    case.expect("QEMU's status", done, [("completed", "completed")] * TIMES)
    case.expect("the last exit code", here.quit(), 0)
    trips.take("ten-times", *addresses)
    now = agent.metrics()
    case.expect("migrations completed", [now[f'migwatch_migrations_total{{side="{side}",result="completed"}}']
                                         for side in ("source", "destination")], [2 * TIMES] * 2)
    trips.finish()
    case.finish(agent)
    case.end()


main()
