#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""(c) QEMU refuses to migrate a device that cannot track dirty pages: no state changes, nothing is found."""
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
    source, destination = migration.pair(dirty_tracking=True)
    source.migrate(destination.listen())
    case.expect("QEMU's status", source.wait_migration(), "failed")
    case.expect("QEMU's reason", source.migration()["error-desc"], "ram_save_setup failed: Operation not supported")
    agent.settled()
    case.expect("state of the source", agent.state(mdev.SOURCE), "RUNNING")
    source.quit()
    destination.quit()
    agent.settled()
    # mtty's tracker takes START; this kernel, without IOMMUFD, has no way to report. QEMU gives up, as it must.
    case.rules(agent, [("dirty-report-error", "info")])
    trips = Trips(case, agent)
    trips.take("refused", mdev.SOURCE)
    trips.take("refused-destination", mdev.DESTINATION)
    trips.finish()
    case.finish(agent)
    case.end()


main()
