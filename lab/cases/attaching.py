#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# lab/vm: --device edu,addr=02.0
"""While probes are attached, and let go of, which takes seconds here, the agent answers as ever."""
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import mdev, pci  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.case import Case  # noqa: E402

PORT = 9641
PATHS = ("/-/healthy", "/metrics")
PAUSE = 0.05  # seconds
# Of the time that attaching takes: an agent that could not answer meanwhile would take most of it for one answer.
SHARE = 0.4


class Asker(threading.Thread):
    """Asks, again and again, from when somebody listens until it is told to stop."""

    def __init__(self):
        super().__init__(daemon=True)
        self.answers = []  # (began, took), seconds
        self.enough = threading.Event()

    def ask(self, path):
        began = time.monotonic()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=120) as reply:
                reply.read()
        except urllib.error.URLError:
            return  # nobody listens yet
        self.answers.append((began, time.monotonic() - began))

    def run(self):
        while not self.enough.wait(PAUSE):
            for path in PATHS:
                self.ask(path)

    def end(self):
        self.enough.set()
        self.join()


def answers(case, what, work):
    """Works, and expects that no answer took nearly as long as that; answers what the work came to."""
    asker = Asker()
    asker.start()
    began = time.monotonic()
    result = work()
    asker.end()
    # From the first answer on: before, the agent was starting.
    took = time.monotonic() - max(began, asker.answers[0][0])
    longest = max(seconds for _, seconds in asker.answers)
    print(f"     {what}: {took:.1f} s, {len(asker.answers)} answers, the longest took {longest:.2f} s", flush=True)
    case.expect(f"answers while {what}", longest < SHARE * took, True)
    return result


def main():
    case = Case()
    pci.edus(1)
    mdev.load()
    agent = answers(case, "attaching at start", lambda: Agent(port=PORT, trace=False))

    def signalled(number, pattern):
        said = len(agent.log)
        agent.process.send_signal(number)
        return agent.wait_log(pattern, timeout=120, since=said)

    answers(case, "letting go", lambda: signalled(signal.SIGUSR1, "detached: nothing is watched"))
    answers(case, "attaching again", lambda: signalled(signal.SIGUSR2, "attached.*mtty_save_read"))
    agent.settled()
    case.expect("the agent's exit code", agent.stop(), 0)
    case.end()


main()
