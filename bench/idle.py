#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An agent that watches a host where nothing happens: start to ready, memory, CPU over a minute."""
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab"))
from guest import mdev  # noqa: E402
from guest.agent import Agent  # noqa: E402

MINUTE = 60
NS = 1e9


def cpu_seconds(pid):
    """Of all threads; /proc/PID/stat counts too coarsely for an idle agent."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir()) / NS


def memory_kib(pid, key):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key))


def main():
    mdev.load()
    agent = Agent()
    agent.settled()
    began, before = time.monotonic(), cpu_seconds(agent.process.pid)
    # The measurement is the waiting: there is no event to wait for.
    time.sleep(MINUTE)
    spent, took = cpu_seconds(agent.process.pid) - before, time.monotonic() - began
    rss = memory_kib(agent.process.pid, "VmRSS") / 1024
    print(f"start to ready       {agent.ready_after:8.1f} s    (emulated)")
    print(f"resident after {took:.0f} s  {rss:8.1f} MiB  (bar: 105, i.e. 110 MB)")
    print(f"CPU over {took:.0f} s        {100 * spent / took:8.2f} %    (emulated; of one core)")
    agent.stop()


main()
