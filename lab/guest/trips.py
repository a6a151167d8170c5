# SPDX-License-Identifier: Apache-2.0
"""Which rule says what of which timeline of a stock VMM: lab/trips.txt says what is expected, a case what was found.

A timeline is what one VMM did with its devices from opening them to closing them, or to the point of interest.
"""
import json
import re
from pathlib import Path

from .case import RESULTS

TABLE = Path(__file__).resolve().parents[1] / "trips.txt"


def expected():
    """{timeline: {(rule, reason): severity's first letter, and ? if it may be missing}} of lab/trips.txt."""
    timelines, here = {}, {}
    for line in TABLE.read_text().splitlines():
        if line.startswith("  "):
            mark, rule, reason = line.split()
            here[rule, reason] = mark
        elif line and not line.startswith("#"):
            here = timelines[line] = {}
    return timelines


def found(violations):
    """Findings as the table has them. A reason that ends with the device's name has the name taken off."""
    return {(v["rule"], re.sub(f"-?{re.escape(v['device'])}$", "", v["reason"]) or "-"): v["severity"][0]
            for v in violations}


def fits(got, wanted):
    """Is what was found, as found() has it, what expected() has for the timeline?"""
    return got == {key: mark[0] for key, mark in wanted.items() if key in got or "?" not in mark}


class Trips:
    """Of a running agent: every finding on a device belongs to one timeline of the case."""

    def __init__(self, case, agent):
        self._case, self._agent = case, agent
        self._seen = 0
        self._pending = []
        self._timelines = {}

    def take(self, timeline, *devices):
        """What has been found on these devices, and not been taken yet, is what the table has for the timeline."""
        self._agent.settled()
        violations = self._agent.violations()
        self._pending += [v for v in violations[self._seen:] if v["device"]]
        self._seen = len(violations)
        mine = found(v for v in self._pending if v["device"] in devices)
        self._pending = [v for v in self._pending if v["device"] not in devices]
        wanted = expected()[timeline]
        if not self._case.expect(f"findings of {timeline} are those of lab/trips.txt", fits(mine, wanted), True):
            print(f"     found {mine}, wanted {wanted}", flush=True)
        self._timelines[timeline] = [[*key, mark] for key, mark in sorted(mine.items())]

    def finish(self):
        """Nothing is left over. Leaves the evidence for tools/trips, with how often each rule was kept."""
        self._case.expect("findings of no timeline", [(v["rule"], v["device"]) for v in self._pending], [])
        series = re.compile(r'migwatch_verdicts_total\{rule="(.*)",verdict="kept"\}')
        kept = {m[1]: int(n) for name, n in self._agent.metrics().items() if (m := series.match(name))}
        (RESULTS / "trips.json").write_text(json.dumps({"timelines": self._timelines, "kept": kept}, indent=1) + "\n")
