#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""(e) The agent starts in the middle of a migration: the states are found, the past stays unknown."""
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
    source, destination = migration.pair()
    held = migration.Held(source, destination)
    agent = Agent()
    agent.settled()
    devices = agent.devices()
    case.expect("states as they are found", [(devices[d]["state"], devices[d]["known_by"]) for d in DEVICES],
                [("PRE_COPY", "inventory"), ("RESUMING", "inventory")])
    case.expect("vm labels", [agent.devices()[d]["vm"] for d in DEVICES], ["source", "destination"])
    case.expect("QEMU's status", held.finish(), ["completed", "completed"])
    agent.settled()
    case.expect("states after it", [agent.state(d) for d in DEVICES], ["STOP", "RUNNING"])
    source.quit()
    destination.quit()
    agent.settled()
    # The destination's config write in RESUMING comes before the first evidence: not judged.
    case.rules(agent, [])
    gaps = sorted((v["device"], v["severity"]) for v in agent.violations() if v["rule"] == "observability-gap")
    case.expect("what could not be seen is said", gaps, sorted((d, "info") for d in DEVICES))
    case.finish(agent)
    case.end()


main()
