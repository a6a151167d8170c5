#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rings that are far too small, and nobody reads them: what is lost is counted exactly, said, and never judged as kept."""
import os
import signal
import sys
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import mdev, vfio  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.vfio import State  # noqa: E402

ACCESSES = 3000
CYCLES = 40


@contextmanager
def parked(agent):
    agent.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        agent.process.send_signal(signal.SIGCONT)


def verdict(agent, rule, answer):
    return agent.metrics()[f'migwatch_verdicts_total{{rule="{rule}",verdict="{answer}"}}']


def reasons(agent):
    return sorted(v["reason"] for v in agent.violations() if v["rule"] == "observability-gap")


def bulk(case, path):
    """A flood of accesses during a save: the end of the stream is lost with them, no state is."""
    agent = Agent(flags=["--ring.bulk-kib=4", "--limit.per-kind=1000000"])
    container = vfio.Container()
    device = vfio.open_device(container, path)
    before = agent.settled()
    with parked(agent):
        data_fd = device.set_state(State.STOP_COPY)
        for _ in range(ACCESSES):
            device.read(0, 7, 1)
        reads = 1
        while os.read(data_fd, 4096):
            reads += 1
        device.set_state(State.STOP)
        device.set_state(State.RUNNING)
    after = agent.settled()
    case.expect("bulk records made", after["bulk"]["made"] - before["bulk"]["made"], ACCESSES + reads)
    print(f"     {after}", flush=True)
    case.expect("most of them lost", after["bulk"]["lost"] > ACCESSES / 2, True)
    case.expect("state records lost", after["crit"]["lost"], 0)
    case.expect("state", agent.state(mdev.SOURCE), "RUNNING")
    case.expect("the gap is reported", "lost-bulk" in reasons(agent), True)
    case.expect("stop-copy-not-drained: kept, broken, unknown",
                [verdict(agent, "stop-copy-not-drained", answer) for answer in ("kept", "broken")]
                + [verdict(agent, "stop-copy-not-drained", "unknown") > 0], [0, 0, True])
    os.close(data_fd)
    device.close()
    container.close()
    case.finish(agent)


def crit(case, path):
    """State records themselves are lost: the state is unknown from then on, until something tells it."""
    agent = Agent(flags=["--ring.crit-kib=4"])
    container = vfio.Container()
    device = vfio.open_device(container, path)
    agent.settled()
    case.expect("state", agent.state(mdev.SOURCE), "RUNNING")
    with parked(agent):
        for _ in range(CYCLES):
            device.set_state(State.STOP)
            device.set_state(State.RUNNING)
        device.set_state(State.STOP)
    count = agent.settled()
    print(f"     {count}", flush=True)
    case.expect("state records lost", count["crit"]["lost"] > 0, True)
    case.expect("the gap is reported", "lost-crit" in reasons(agent), True)
    device.set_state(State.RUNNING)
    agent.settled()
    case.expect("state, after something told it", agent.state(mdev.SOURCE), "RUNNING")
    case.expect("no violation came of it", [v["rule"] for v in agent.violations() if v["severity"] != "info"
                                            and v["rule"] != "observability-gap"], [])
    device.close()
    container.close()
    case.expect("the agent's exit code", agent.stop(), 0)
    case.leave(agent)


def main():
    case = Case()
    mdev.load()
    path = mdev.create(mdev.SOURCE)
    bulk(case, path)
    crit(case, path)
    case.end()


main()
