# SPDX-License-Identifier: Apache-2.0
"""migwatch under test: starts it, waits for what it says, reads what it serves."""
import json
import os
import re
import select
import signal
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from .vfio import State

ROOT = Path(__file__).resolve().parents[2]
MIGWATCH = str(ROOT / "bin" / "migwatch")
# Emulation is an order of magnitude slower than a machine: its times say nothing about QEMU's.
PATIENT = "limits: { blackout-budget: 20s, dwell-quiet: 10m }\n"
# Beyond ten scrapes a second the agent may answer with the text of an earlier one, which says nothing of now.
SCRAPE_SECONDS = 1 / 8


class Agent:
    """`migwatch run` in the guest. Violations and traces go to a folder of its own; `config` is its YAML file's text."""

    def __init__(self, profile="uapi", port=9641, listen="0.0.0.0", config=PATIENT, trace=True, flags=(),
                 wrapper=(), pass_fds=()):
        """`wrapper`: a command that executes the agent in its own place."""
        self.dir = Path(tempfile.mkdtemp(prefix="agent-"))
        self.violations_file = self.dir / "violations.jsonl"
        self.config = self.dir / "config.yaml"
        self.config.write_text(config)
        self.url = f"http://127.0.0.1:{port}"
        command = [*wrapper, MIGWATCH, "run", f"--web.listen-address={listen}:{port}", f"--profile={profile}",
                   f"--config.file={self.config}", *flags]
        if not any(flag.startswith("--violations.file") for flag in flags):
            command.append(f"--violations.file={self.violations_file}")
        if trace:
            command.append(f"--trace.dir={self.dir}")
        self.log = ""
        self.next_scrape = 0.0
        started = time.monotonic()
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, pass_fds=pass_fds)
        self.ready = self.wait_log(r"\bready\b", 200)
        self.ready_after = time.monotonic() - started
        print(f"     agent ready after {self.ready_after:.1f} s", flush=True)

    def wait_log(self, pattern, timeout=120, since=0):
        """Waits for a line of the agent's log, after its first `since` characters; answers it."""
        deadline = time.monotonic() + timeout
        while not (found := re.search(f"^.*{pattern}.*$", self.log[since:], re.M)):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stderr], [], [], left)[0]:
                raise TimeoutError(f"the agent did not say {pattern!r} in {timeout} s; it said:\n{self.log}")
            data = self.process.stderr.read1(1 << 16).decode()
            if not data:
                raise RuntimeError(f"the agent ended ({self.process.wait()}); it said:\n{self.log}")
            self.log += data
        return found.group()

    def poll_log(self, wait=0.2):
        """Takes what the agent says within this time."""
        if select.select([self.process.stderr], [], [], wait)[0]:
            self.log += self.process.stderr.read1(1 << 16).decode()

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=120) as reply:
            return reply.read().decode()

    def metrics(self):
        """{series as it is written: value}, as they are at this moment."""
        time.sleep(max(0.0, self.next_scrape - time.monotonic()))
        self.next_scrape = time.monotonic() + SCRAPE_SECONDS
        lines = (line for line in self.get("/metrics").splitlines() if line and line[0] != "#")
        return {series: float(value) for series, value in (line.rsplit(" ", 1) for line in lines)}

    def wait_metric(self, series, least, timeout=120):
        """Waits until a series has reached a value; answers the value."""
        deadline = time.monotonic() + timeout
        while (value := self.metrics().get(series, 0)) < least:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{series} is {value} after {timeout} s, not {least}")
        return value

    def devices(self):
        return {d["name"]: d for d in json.loads(self.get("/api/devices"))}

    def state(self, name):
        device = self.devices().get(name)
        return device["state"] if device else None

    def violations(self):
        """Oldest first."""
        return list(reversed(json.loads(self.get("/api/violations?limit=1000"))))

    def settled(self, timeout=120):
        """Waits until every record that was made has been received or counted as lost; answers the counters."""
        deadline = time.monotonic() + timeout
        while True:
            now = self.metrics()
            count = {ring: [now[f'migwatch_{name}{{ring="{ring}"}}'] for name in
                            ("kernel_records_total", "kernel_records_lost_total", "records_received_total")]
                     for ring in ("crit", "bulk")}
            if all(made == lost + received for made, lost, received in count.values()):
                return {ring: dict(zip(("made", "lost", "received"), map(int, c))) for ring, c in count.items()}
            if time.monotonic() > deadline:
                raise TimeoutError(f"made != received + lost: {count}")

    def find_odd_functions(self, device):
        """
        With edu_vfio's odd_names the agent does not know the functions behind the data_fds: it finds them at the
        first session of each direction, of which it can say nothing. The device comes back to RUNNING.
        """
        for state, function in ((State.STOP_COPY, "edu_odd_pull"), (State.RESUMING, "edu_odd_push")):
            data_fd = device.set_state(state)
            self.wait_metric(f'migwatch_probe_attached{{probe="{function}",kind="fexit"}}', 1)
            device.set_state(State.RUNNING)
            os.close(data_fd)

    def written(self):
        """The violations in the file."""
        text = self.violations_file.read_text() if self.violations_file.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def trace(self):
        return next(self.dir.glob("migwatch-*"))

    def stop(self):
        """SIGTERM; answers the exit code."""
        self.process.send_signal(signal.SIGTERM)
        self.log += self.process.stderr.read().decode()
        return self.process.wait()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def replayed(self, profile):
        """The violations in its trace by another profile than that it ran with."""
        command = [MIGWATCH, "replay", self.trace(), "--format=jsonl", f"--profile={profile}",
                   f"--config.file={self.config}"]
        done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def printed(self):
        """The timeline of its trace."""
        command = [MIGWATCH, "print", self.trace(), f"--config.file={self.config}"]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.decode()
