#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# lab/vm: --device edu,addr=02.0
"""A driver that misbehaves in every way edu_vfio can, a client that does too: each is found, and nothing else."""
import errno
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import pci, pci_client, vfio  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.pci_client import PCI_COMMAND_MASTER  # noqa: E402
from guest.vfio import State, outcome  # noqa: E402

STATE_SIZE = 100000
# Other rules have their say on what is done here too; these are what the case is about.
RULES = {"irq-while-halted", "ioeventfd-write-while-halted", "fsm-transition-failed", "fsm-landed-elsewhere",
         "precopy-eos-encoding", "precopy-info-wrong-state", "precopy-left-early", "data-fd-wrong-state",
         "resume-without-data", "error-state-entered", "error-not-reset", "mmio-fault-while-halted"}
GRACE = 0.15  # more than the 100 ms that a straggler has


class Facts:
    """One device under the agent's eyes; findings are asked for as they come."""

    def __init__(self, case, agent, address):
        self.case, self.agent, self.address = case, agent, address
        self.device = None
        self.known = 0

    def all(self):
        self.agent.settled()
        return [v for v in self.agent.violations() if v["rule"] in RULES]

    def found(self, what, *wanted, timeout=120):
        """What was found since the last time: (rule, reason, severity). Some wait for what may explain them."""
        deadline = time.monotonic() + timeout
        while len(new := self.all()[self.known:]) < len(wanted) and time.monotonic() < deadline:
            time.sleep(0.1)
        self.known += len(new)
        self.case.expect(what, [(v["rule"], v["reason"], v["severity"]) for v in new], list(wanted))
        self.case.expect("of the device", {v["device"] for v in new} - {self.address}, set())
        return new

    def metric(self, name):
        self.agent.settled()
        return int(self.agent.metrics().get(f'migwatch_{name}{{device="{self.address}"}}', 0))

    def verdicts(self, rule, verdict):
        return int(self.agent.metrics()[f'migwatch_verdicts_total{{rule="{rule}",verdict="{verdict}"}}'])

    def switch(self, name, value):
        pci.switch(self.address, name, value)


def interrupts(facts):
    device = facts.device
    device.command(on=PCI_COMMAND_MASTER)
    device.enable_msi()
    device.raise_interrupt()
    facts.case.expect("MSI in RUNNING", device.wait_msi(), 1)
    facts.found("nothing found")
    facts.switch("quiesce", 0)
    device.set_state(State.STOP)
    came = 0
    while came < 4:
        came += device.wait_msi()
    facts.switch("quiesce", 1)
    new = facts.all()
    facts.case.expect("MSI in STOP", (new[-1]["rule"], new[-1]["reason"], new[-1]["severity"]),
                      ("irq-while-halted", "interrupts", "critical"))
    facts.case.expect("nothing else", {v["rule"] for v in new}, {"irq-while-halted"})
    facts.known = len(new)
    facts.case.expect("interrupts counted", facts.metric("interrupts_while_halted_total") >= came, True)
    device.set_state(State.RUNNING)
    device.raise_interrupt()
    device.wait_msi()
    device.disable_msi()
    facts.found("nothing more in RUNNING")


def eventfd(facts):
    device = facts.device
    fd = device.ioeventfd(0, device.LIVENESS, 1)
    os.eventfd_write(fd, 1)
    facts.found("ioeventfd in RUNNING")
    device.set_state(State.STOP)
    facts.agent.settled()
    os.eventfd_write(fd, 1)
    new = facts.found("ioeventfd in STOP", ("ioeventfd-write-while-halted", "write-in-STOP", "critical"))
    facts.case.expect("what it wrote", [new[0]["evidence"][key] for key in ("region", "offset", "length", "value")],
                      [0, device.LIVENESS, 4, "0x1"])
    device.set_state(State.RUNNING)


def transitions(facts):
    device = facts.device
    facts.switch("fail_arc", "RUNNING_P2P:STOP:5:once")
    facts.case.expect("fail_arc", outcome(device.set_state, State.STOP), "EIO")
    device.set_state(State.STOP)
    facts.found("a failed arc", ("fsm-transition-failed", "failed", "warning"))
    device.set_state(State.RUNNING)
    facts.switch("land_elsewhere", "RUNNING_P2P")
    facts.case.expect("land_elsewhere", outcome(device.set_state, State.STOP), "None")
    new = facts.found("landed elsewhere", ("fsm-landed-elsewhere", "success-elsewhere", "critical"))
    facts.case.expect("where", (new[0]["evidence"]["requested"], new[0]["evidence"]["walked_to"], new[0]["party"]),
                      ("STOP", "RUNNING_P2P", "driver"))
    device.set_state(State.RUNNING)
    facts.found("nothing more")


def stream(facts):
    """Answers the data. PRE_COPY is left early; ENOMSG where it must not be; reads and questions when it is over."""
    device, case = facts.device, facts.case
    fd = device.set_state(State.PRE_COPY)
    case.expect("precopy info", vfio.precopy_info(fd), (STATE_SIZE, 0))
    first = vfio_read(fd)
    case.expect("the end for now", outcome(os.read, fd, 1), "ENOMSG")
    device.set_state(State.STOP_COPY)
    facts.found("read to the end for now")
    facts.switch("read_returns", -errno.ENOMSG)
    case.expect("ENOMSG in STOP_COPY", outcome(os.read, fd, 1), "ENOMSG")
    facts.switch("read_returns", 1)
    facts.found("ENOMSG in STOP_COPY", ("precopy-eos-encoding", "enomsg_in_stop_copy", "critical"))
    data = first + vfio.read_data(fd)
    time.sleep(GRACE)
    case.expect("precopy info in STOP_COPY", outcome(vfio.precopy_info, fd), "EINVAL")
    facts.found("asked in STOP_COPY", ("precopy-info-wrong-state", "refused", "info"))
    device.set_state(State.STOP)
    time.sleep(GRACE)
    case.expect("read when it is over", outcome(os.read, fd, 1), "ENODEV")
    facts.found("read when it is over", ("data-fd-wrong-state", "read-refused", "warning"))
    os.close(fd)
    device.set_state(State.RUNNING)
    return data


def vfio_read(fd):
    data = b""
    while len(data) < STATE_SIZE:
        data += os.read(fd, STATE_SIZE)
    return data


def left_early(facts):
    device = facts.device
    fd = device.set_state(State.PRE_COPY)
    vfio.precopy_info(fd)
    os.read(fd, 1000)
    device.set_state(State.STOP_COPY)
    new = facts.found("left early", ("precopy-left-early", "initial-bytes-left", "info"))
    facts.case.expect("how much was left", new[0]["evidence"]["bytes_left"], STATE_SIZE - 1000)
    vfio.read_data(fd)
    os.close(fd)
    device.set_state(State.STOP)
    device.set_state(State.RUNNING)


def resumes(facts, data):
    device = facts.device
    fd = device.set_state(State.RESUMING)
    vfio.write_data(fd, data)
    device.set_state(State.RUNNING)
    os.close(fd)
    facts.found("resumed with data")
    facts.case.expect("resume-without-data kept", facts.verdicts("resume-without-data", "kept"), 1)
    resumed = f'migwatch_migration_data_bytes_total{{device="{facts.address}",direction="resume"}}'
    facts.case.expect("bytes written, each counted once", int(facts.agent.metrics()[resumed]), len(data))
    os.close(device.set_state(State.RESUMING))
    facts.case.expect("resume without data", outcome(device.set_state, State.RUNNING), "None")
    facts.found("resumed without data", ("resume-without-data", "no-data", "warning"))


def error(facts):
    device = facts.device
    device.set_state(State.STOP)
    facts.switch("fail_arc", "STOP:RUNNING_P2P:16")
    facts.switch("error_on_fail", 1)
    began = time.monotonic()
    failed, states = outcome(device.set_state, State.RUNNING), [device.state().name for _ in range(2)]
    took = time.monotonic() - began
    facts.case.expect("to RUNNING", failed, "EBUSY")
    facts.case.expect("state, twice: once may be a misread", states, ["ERROR"] * 2)
    # ERROR explains the failed arc, if it is seen in the 100 ms after it.
    explained = took < 0.1 or "fsm-transition-failed" not in {v["rule"] for v in facts.all()[facts.known:]}
    failure = [] if explained else [("fsm-transition-failed", "failed", "warning")]
    facts.found("ERROR", *failure, ("error-state-entered", "error", "critical"))
    facts.case.expect("out of ERROR by SET_STATE", outcome(device.set_state, State.RUNNING), "EIO")
    facts.found("used in ERROR", ("error-not-reset", "used-in-error", "warning"))
    facts.switch("fail_arc", "none")
    facts.switch("error_on_fail", 0)
    device.reset()
    facts.case.expect("state", device.state().name, "RUNNING")
    facts.case.expect("as the agent has it", facts.agent.settled() and facts.agent.state(facts.address), "RUNNING")


def main():
    case = Case()
    address, = pci.edus(1, state_size=STATE_SIZE)
    agent = Agent()
    facts = Facts(case, agent, address)
    container = vfio.Container()
    facts.device = pci_client.open_device(container, pci.sysfs(address))
    interrupts(facts)
    eventfd(facts)
    transitions(facts)
    data = stream(facts)
    left_early(facts)
    resumes(facts, data)
    error(facts)
    facts.device.close()
    container.close()
    facts.found("and at the close")
    case.finish(agent)
    (Path("/results") / "timeline.txt").write_text(agent.printed())
    case.end()


main()
