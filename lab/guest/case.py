# SPDX-License-Identifier: Apache-2.0
"""What every case does: say what is expected, print what was seen, count the failures, leave evidence."""
import shutil
import sys
from pathlib import Path

from . import agent as agents

RESULTS = Path("/results")
ENVELOPE = ("rule", "rule_version", "profile", "norm", "severity", "party", "advisory", "device", "driver", "vm",
            "state", "at_ns", "wall", "episode", "event", "history", "context", "coverage", "lost")


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
        """Every violation carries its envelope, and the file, the API and a replay agree."""
        found = agent.violations()
        for v in found:
            missing = [key for key in ENVELOPE if key not in v]
            # Of a device that has just become known there is nothing before.
            bare = not v["context"] and v["device"] and v["event"]["kind"] != "device"
            if missing or bare:
                self.expect(f"envelope of {v['rule']}", missing or "no context", "complete")
        self.expect("violations file has what the API has", agent.written() == found, True)

    def finish(self, agent, profile="uapi", code=0):
        """Counters add up; the agent stops well; its trace replays to the same findings."""
        print(f"     records: {agent.settled()}", flush=True)
        self.evidence(agent)
        self.expect("the agent's exit code", agent.stop(), code)
        self.replay(agent, profile)
        self.keep(agent)

    def replay(self, agent, profile="uapi"):
        live = agent.violations_file.read_text()
        exit_code, again = agents.replayed(agent.trace(), profile)
        self.expect("replay gives the live findings, byte for byte", again == live, True)
        self.expect("replay's exit code", exit_code, 1 if live else 0)

    def keep(self, agent):
        for path in agent.dir.iterdir():
            shutil.copy(path, RESULTS)
        (RESULTS / "agent.log").write_text(agent.log)

    def end(self):
        print(f"{'failed' if self.failures else 'passed'}: {Path(sys.argv[0]).stem}", flush=True)
        sys.exit(1 if self.failures else 0)
