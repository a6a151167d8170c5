#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""(f) The agent is killed with SIGKILL in the middle of a migration and started again."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import mdev, migration  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.case import Case  # noqa: E402

DEVICES = (mdev.SOURCE, mdev.DESTINATION)


def main():
    case = Case()
    migration.load()
    first = Agent()
    source, destination = migration.pair()
    held = migration.Held(source, destination)
    first.settled()
    case.expect("states seen by the first", [first.state(d) for d in DEVICES], ["PRE_COPY", "RESUMING"])
    case.rules(first, [], "findings of the first")
    first.kill()
    case.expect("its trace can be read", "PRE_COPY" in first.printed(), True)
    case.leave(first, whole=False)
    agent = Agent()
    agent.settled()
    case.expect("states found at start", [agent.state(d) for d in DEVICES], ["PRE_COPY", "RESUMING"])
    case.expect("QEMU's status", held.finish(), ["completed", "completed"])
    agent.settled()
    case.expect("states after it", [agent.state(d) for d in DEVICES], ["STOP", "RUNNING"])
    source.quit()
    destination.quit()
    agent.settled()
    case.rules(agent, [])
    case.finish(agent)
    case.end()


main()
