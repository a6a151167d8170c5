#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""SIGHUP while records flow: a wrong file changes nothing, a good one judges from then on, a replay does as was done."""
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import mdev, vfio  # noqa: E402
from guest.agent import MIGWATCH, PATIENT, Agent  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.vfio import State  # noqa: E402

SCRATCH = 7  # the UART's scratch register
RULE = "mmio-rw-while-halted"
OFF, MILD = (f"{PATIENT}rules: {{ {RULE}: {does} }}\n" for does in ("off", "{ severity: info }"))
WRONG = "rulez: {}\n"
RELOADED = "migwatch_config_last_reload_successful"


def touched_in_stop(device):
    """One episode in which a region is written in STOP."""
    device.set_state(State.STOP)
    device.write(vfio.VFIO_PCI_BAR0_REGION_INDEX, SCRATCH, b"\x5a")
    device.set_state(State.RUNNING)


def main():
    case = Case()
    files = {name: Path(f"/tmp/{name}.yaml") for name in ("off", "mild")}
    files["off"].write_text(OFF)
    files["mild"].write_text(MILD)
    mdev.load()
    path = mdev.create(mdev.SOURCE)
    agent = Agent(config=OFF)

    def reload(text, said):
        agent.config.write_text(text)
        agent.log = ""
        agent.process.send_signal(signal.SIGHUP)
        return agent.wait_log(said)

    def found():
        agent.settled()
        return [v["severity"] for v in agent.violations() if v["rule"] == RULE]

    container = vfio.Container()
    device = vfio.open_device(container, path)
    touched_in_stop(device)
    case.expect("off: found", found(), [])
    line = reload(WRONG, "refused")
    case.expect("a wrong file is told with its place", "config.yaml:1:1" in line, True)
    case.expect(RELOADED, agent.metrics()[RELOADED], 0)
    touched_in_stop(device)
    case.expect("still off", found(), [])
    reload(MILD, "read again")
    case.expect(RELOADED, agent.metrics()[RELOADED], 1)
    touched_in_stop(device)
    case.expect("info from here on", found(), ["info"])
    device.close()
    container.close()
    agent.settled()
    case.expect("the agent's exit code", agent.stop(), 0)
    live = agent.violations_file.read_text()
    command = [MIGWATCH, "replay", str(agent.trace()), "--format=jsonl"]

    def replay(*names):
        given = [f"--config.file={files[name]}" for name in names]
        done = subprocess.run([*command, *given], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return done.stdout.decode(), done.stderr.decode()

    case.expect("replay with both files gives the live findings, byte for byte", replay("off", "mild")[0] == live, True)
    text, told = replay("mild")
    case.expect("replay with the later alone", text.count(f'"rule":"{RULE}"'), 3)
    case.expect("and says that it was recorded otherwise", "recorded under policy" in told, True)
    case.keep(agent)
    case.end()


main()
