#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""(a) Stock QEMU migrates an mtty device. States are QEMU's own, arcs the kernel's; nothing is found."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import mdev, migration  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.trips import Trips  # noqa: E402

ARCS = {
    # First QEMU starts the VM: both ways round it goes through the P2P states.
    mdev.SOURCE: ["RUNNING→RUNNING_P2P", "RUNNING_P2P→RUNNING", "RUNNING→PRE_COPY", "PRE_COPY→PRE_COPY_P2P", "PRE_COPY_P2P→STOP_COPY", "STOP_COPY→STOP"],
    mdev.DESTINATION: ["RUNNING→RUNNING_P2P", "RUNNING_P2P→STOP", "STOP→RESUMING",
                       "RESUMING→STOP", "STOP→RUNNING_P2P", "RUNNING_P2P→RUNNING",
                       "RUNNING→RUNNING_P2P", "RUNNING_P2P→STOP"],
}


def states_of(timeline, name):
    """The states that SET_STATE landed in, as `migwatch print` shows them, in QEMU's spelling."""
    lines = [line for line in timeline.splitlines() if name in line and "SET_STATE" in line and " ok" in line]
    return [line.split("SET_STATE ")[1].split()[0].lower().replace("_", "-") for line in lines]


def arcs_of(timeline, name):
    lines = [line for line in timeline.splitlines() if name in line and " arc " in line]
    return ["".join(line.split(" arc ")[1].split()[:3]) for line in lines]


def irqs_in_resuming(timeline):
    """SET_IRQS of the destination between its landing in RESUMING and the SET_STATE that leaves it."""
    lines = [line for line in timeline.splitlines() if mdev.DESTINATION in line]
    landed = next(n for n, line in enumerate(lines) if "SET_STATE RESUMING ok" in line)
    left = next(n for n, line in enumerate(lines) if n > landed and "SET_STATE" in line)
    return [line for line in lines[landed:left] if "SET_IRQS" in line]


def main():
    case = Case()
    migration.load()
    agent = Agent()
    source, destination = migration.pair()
    source.migrate(destination.listen())
    case.expect("QEMU's status", [source.wait_migration(), destination.wait_migration()], ["completed"] * 2)
    agent.settled()
    now = agent.metrics()
    case.expect("vm labels", sorted(d["vm"] for d in agent.devices().values()), ["destination", "source"])
    saved = now[f'migwatch_migration_data_bytes_total{{device="{mdev.SOURCE}",direction="save"}}']
    loaded = now[f'migwatch_migration_data_bytes_total{{device="{mdev.DESTINATION}",direction="resume"}}']
    case.expect("bytes saved and loaded", (saved > 0, saved), (True, loaded))
    for side in ("source", "destination"):
        case.expect(f"{side} migrations completed", now[f'migwatch_migrations_total{{side="{side}",result="completed"}}'], 1)
    case.expect("QEMU's exit codes", (source.quit(), destination.quit()), (0, 0))
    agent.settled()
    # COMMAND is restored in RESUMING by every QEMU: expected, and recorded as such.
    case.rules(agent, [("config-write-while-halted", "info")])
    trips = Trips(case, agent)
    trips.take("source", mdev.SOURCE)
    trips.take("destination", mdev.DESTINATION)
    trips.finish()
    case.finish(agent)
    timeline = agent.printed()
    (Path("/results") / "timeline.txt").write_text(timeline)
    for name, end in ((mdev.SOURCE, source), (mdev.DESTINATION, destination)):
        case.expect(f"states of {end.name} as QEMU says", states_of(timeline, name),
                    [state for _, state in end.qmp.vfio_states()])
        case.expect(f"arcs of {end.name}", arcs_of(timeline, name), ARCS[name])
    # The stricter profile says more of the very same trace, and only of what the timeline shows.
    strict = [(v["rule"], v["severity"]) for v in agent.replayed("seed-strict") if v["severity"] != "info"]
    case.expect("seed-strict", sorted(strict),
                [("config-write-while-halted", "warning")])
    case.expect("interrupts set in RESUMING", irqs_in_resuming(timeline), [])
    case.end()


main()
