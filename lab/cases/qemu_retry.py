#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# lab/vm: --device edu,addr=02.0 --device edu,addr=03.0 --device edu,addr=04.0 --device edu,addr=05.0
"""Stock QEMU migrates two devices at the third try: the network fails in pre-copy, then when the VM has stopped."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import migration, pci, qemu  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.trips import Trips  # noqa: E402


def main():
    case = Case()
    addresses = pci.edus(4, state_size=1 << 20)
    paths = [pci.sysfs(address) for address in addresses]
    here, there = addresses[:2], addresses[2:]
    agent = Agent()
    trips = Trips(case, agent)
    source = qemu.start("source", paths[:2])
    source.set_parameters(downtime_limit=20000, max_bandwidth=1 << 30)

    destination, held, seen = migration.attempt(source, paths[2:])
    held.cut()
    destination.qmp.drain()
    case.expect("cut in pre-copy: the destination's exit code", destination.process.wait(), 1)
    trips.take("load-cut", *there)
    case.expect("cut in pre-copy: the source's status", source.wait_migration(since=seen), "failed")
    source.wait_state("running", seen)
    trips.take("pre-copy-cut", *here)

    source.enable("pause-before-switchover")
    destination, held, seen = migration.attempt(source, paths[2:])
    held.release()
    source.wait_status(("pre-switchover",), since=seen)
    source.wait_state("stop-copy", seen)
    held.cut()
    destination.qmp.drain()
    destination.process.wait()
    trips.take("load-cut-late", *there)
    source.qmp.execute("migrate-continue", state="pre-switchover")
    case.expect("cut at the switchover: the source's status", source.wait_migration(since=seen), "failed")
    source.wait_state("running", seen)
    trips.take("switchover-cut", *here)

    destination, held, seen = migration.attempt(source, paths[2:])
    held.release()
    source.wait_status(("pre-switchover",), since=seen)
    source.qmp.execute("migrate-continue", state="pre-switchover")
    case.expect("third time", held.finish(), ["completed"] * 2)
    destination.wait_state("running")
    case.expect("QEMU's exit codes", [source.quit(), destination.quit()], [0, 0])
    trips.take("success-after-failures", *addresses)
    trips.finish()
    case.finish(agent)
    case.end()


main()
