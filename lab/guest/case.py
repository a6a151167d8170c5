# SPDX-License-Identifier: Apache-2.0
"""What every case does: say what is expected, print what was seen, count the failures, leave evidence."""
import json
import shutil
import sys
import time
from pathlib import Path

RESULTS = Path("/results")
ENVELOPE = ("rule", "rule_version", "profile", "norm", "severity", "party", "advisory", "device", "driver", "vm",
            "state", "at_ns", "wall", "episode", "event", "history", "context", "coverage", "lost")
# What the API alone adds, as it goes on: the file has a line for the first time only.
SINCE = ("count", "last_at_ns", "last_event")


def as_filed(found):
    return [{key: value for key, value in v.items() if key not in SINCE} for v in found]


class Case:
    def __init__(self):
        self.failures = 0

    def expect(self, what, got, wanted):
        good = got == wanted
        self.failures += not good
        print(f"{'ok  ' if good else 'FAIL'} {what}: {got}" + ("" if good else f"  (wanted: {wanted})"), flush=True)
        return good

    def rules(self, agent, wanted, what="findings", exact=False):
        """
        Exactly these (rule, severity), each once. Every warning and critical counts; of the infos only
        those of rules that are named: the others say what a device is and what every VMM does. exact: all count.
        """
        named = {rule for rule, _ in wanted}
        got = sorted((v["rule"], v["severity"]) for v in agent.violations()
                     if exact or v["severity"] != "info" or v["rule"] in named)
        self.expect(what, got, sorted(wanted))

    def evidence(self, agent):
        """Every violation carries its envelope, and the file and the API agree."""
        found = agent.violations()
        for v in found:
            missing = [key for key in (*ENVELOPE, *SINCE) if key not in v]
            # Of a device that has just become known there is nothing before.
            bare = not v["context"] and v["device"] and v["event"]["kind"] != "device"
            if missing or bare:
                self.expect(f"envelope of {v['rule']}", missing or "no context", "complete")
        deadline = time.monotonic() + 10
        while agent.written() != as_filed(found) and time.monotonic() < deadline:  # the file is written behind the judge's back
            found = agent.violations()
        self.expect("violations file has what the API has", agent.written() == as_filed(found), True)

    def finish(self, agent, code=0):
        """Counters add up; the agent stops well; what it recorded is left for a replay."""
        print(f"     records: {agent.settled()}", flush=True)
        self.evidence(agent)
        self.expect("the agent's exit code", agent.stop(), code)
        self.leave(agent)

    def leave(self, agent, whole=True):
        """
        Its trace and what it found, for tools/replays, which judges the one again and compares: outside, where node
        is not emulated. whole: the agent ended well; the trace of a killed one gives the first of its findings.
        """
        live = {"findings": agent.violations_file.read_text(), "config": agent.config.read_text(), "whole": whole}
        self.keep(agent)
        (RESULTS / f"{agent.trace().name}.live.json").write_text(json.dumps(live))

    def keep(self, agent):
        shutil.copytree(agent.dir, RESULTS, dirs_exist_ok=True)
        (RESULTS / "agent.log").write_text(agent.log)

    def end(self):
        print(f"{'failed' if self.failures else 'passed'}: {Path(sys.argv[0]).stem}", flush=True)
        sys.exit(1 if self.failures else 0)


class Breaks:
    """For cases that break one rule after the other: is it found, as it should be?"""

    def __init__(self, case, agent):
        self.case = case
        self.agent = agent

    def _found(self, rule):
        self.agent.settled()
        return [(v["reason"], v["severity"]) for v in self.agent.violations() if v["rule"] == rule]

    def now(self, rule, reason, severity):
        """All records have been judged: it is there."""
        found = self._found(rule)
        self.case.expect(rule, (reason, severity) if (reason, severity) in found else found, (reason, severity))

    def not_yet(self, rule):
        """All records have been judged: nothing broke it."""
        self.case.expect(f"no {rule}", self._found(rule), [])

    def awaited(self, rule, reason, severity, timeout=60):
        """It is judged when time has passed."""
        deadline = time.monotonic() + timeout
        while (reason, severity) not in self._found(rule) and time.monotonic() < deadline:
            time.sleep(0.2)
        self.now(rule, reason, severity)
