#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""(b) The same migration, cancelled in pre-copy: the source goes back to RUNNING, nothing is found on it."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import mdev, migration  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.trips import Trips  # noqa: E402


def main():
    case = Case()
    migration.load()
    agent = Agent()
    source, destination = migration.pair()
    held = migration.Held(source, destination)
    source.cancel()
    case.expect("QEMU's status", source.wait_migration(), "cancelled")
    source.qmp.wait_event(lambda e: e["event"] == "VFIO_MIGRATION" and e["data"]["device-state"] == "running")
    agent.settled()
    case.expect("state of the source", agent.state(mdev.SOURCE), "RUNNING")
    now = agent.metrics()
    case.expect("migrations cancelled", now['migwatch_migrations_total{side="source",result="cancelled"}'], 1)
    held.release()
    # An incoming QEMU whose stream ends early exits, with its device in RESUMING: legal, worth a record.
    destination.qmp.drain()
    case.expect("the destination's exit code", destination.process.wait(), 1)
    case.expect("the source's exit code", source.quit(), 0)
    agent.settled()
    case.expect("migrations failed on the destination",
                agent.metrics()['migwatch_migrations_total{side="destination",result="failed"}'], 1)
    case.rules(agent, [("close-mid-migration", "info")])
    trips = Trips(case, agent)
    trips.take("cancel", mdev.SOURCE)
    trips.take("cancel-destination", mdev.DESTINATION)
    trips.finish()
    case.finish(agent)
    case.end()


main()
