#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# It waits for deadlines of minutes.
# lab/vm: --device edu,addr=02.0 --timeout=600
"""One device, one rule after the other is broken on the real kernel: states, sessions, interrupts, dirty tracking."""
import errno
import os
import resource
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import pci, pci_client, vfio  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.case import Breaks, Case  # noqa: E402
from guest.vfio import State, outcome  # noqa: E402

STATE_SIZE = 4096
RAM = 1 << 30


class Device:
    """The device under test: opened anew where a rule is about opening or closing."""

    def __init__(self, address):
        self.address = address
        self.open()

    def open(self):
        self.container = vfio.Container()
        self.edu = pci_client.open_device(self.container, pci.sysfs(self.address))

    def close(self):
        self.edu.close()
        self.container.close()

    def switch(self, name, value):
        pci.switch(self.address, name, value)

    def to(self, *states):
        """The fd of the last, if it gave one."""
        for state in states:
            fd = self.edu.set_state(state)
        return fd


def lies_at_open(breaks, d):
    d.switch("async_state", "STOP")
    d.edu.state()
    breaks.now("open-not-running", "in-STOP", "warning")
    d.edu.reset()
    time.sleep(0.15)  # a reset may take effect late
    d.switch("async_state", "STOP")
    d.edu.state()
    breaks.now("reset-not-running", "in-STOP", "critical")
    d.edu.reset()
    d.to(State.STOP)
    time.sleep(0.05)  # a GET right after the landing may be older
    d.switch("async_state", "RUNNING_P2P")
    d.edu.state()
    breaks.now("fsm-async-change", "to-RUNNING_P2P", "warning")
    d.edu.reset()


def interrupts(breaks, d):
    d.to(State.RESUMING)
    d.edu.enable_msi()
    breaks.now("set-irqs-in-resuming", "in-RESUMING", "info")
    d.edu.trigger(vfio.VFIO_PCI_MSI_IRQ_INDEX)
    breaks.now("set-irqs-loopback-while-halted", "in-RESUMING", "info")
    d.edu.disable_msi()
    d.to(State.RUNNING)
    d.edu.enable_msi()
    breaks.now("irqs-armed-after-running", "late", "info")
    d.edu.disable_msi()


def touches(breaks, d):
    bar = d.edu.mmap(0)
    d.to(State.RUNNING_P2P)
    breaks.agent.settled()
    bar.read(0)
    breaks.now("mmio-access-in-p2p-state", "fault-in-RUNNING_P2P", "warning")
    d.to(State.STOP)
    breaks.now("mmio-mapping-live-while-halted", "live", "info")
    bar.unmap()
    d.to(State.RUNNING)


def sessions(breaks, d):
    """Answers an fd whose session is over, to be left open."""
    time.sleep(5.1)  # until then the reset explains it
    first = d.to(State.PRE_COPY)
    d.switch("read_returns", -errno.ENODEV)
    breaks.case.expect("read", outcome(os.read, first, 1), "ENODEV")
    d.switch("read_returns", 1)
    breaks.now("data-session-killed", "in-PRE_COPY", "warning")
    d.to(State.RUNNING)
    second = d.to(State.PRE_COPY)
    breaks.now("data-session-superseded", "superseded", "info")
    os.close(first)
    d.to(State.RUNNING)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    lost = outcome(d.edu.set_state, State.PRE_COPY)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    breaks.case.expect("no fd is left", lost, "EMFILE")
    d.edu.state()
    breaks.now("fsm-fd-not-delivered", "in-PRE_COPY", "warning")
    d.to(State.RUNNING)
    return second


def load(breaks, d):
    d.switch("accept_empty_resume", 0)
    fd = d.to(State.RESUMING)
    breaks.case.expect("a load of nothing", outcome(d.edu.set_state, State.RUNNING), "EINVAL")
    breaks.case.expect("and on", outcome(d.edu.set_state, State.STOP), "EINVAL")
    breaks.now("resuming-abort-without-reset", "walked-on", "warning")
    d.switch("accept_empty_resume", 1)
    d.edu.reset()
    os.close(fd)


def cut_short(breaks, d):
    """A signal ends a load that takes its time. No load was rejected; the second attempt succeeds."""
    fd = d.to(State.RESUMING)
    os.write(fd, breaks.data)
    d.switch("stall_ms", 20000)
    before = signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)  # the first may come before the load has begun
    breaks.case.expect("a load that is interrupted", outcome(d.edu.set_state, State.RUNNING), "EINTR")
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)
    d.switch("stall_ms", 0)
    breaks.awaited("fsm-transition-failed", "interrupted", "info")  # it waits for an ERROR that would explain it
    breaks.not_yet("resume-load-rejected")
    d.to(State.RUNNING)
    os.close(fd)


def tracking(breaks, d):
    time.sleep(5.1)  # until then the reset explains it
    memory = vfio.Memory(1 << 20)
    d.container.map_dma(memory.address, RAM, memory.size)
    breaks.case.expect("a report of nothing", outcome(d.edu.log_report, RAM, memory.size), "ENOTSUP")
    breaks.now("dirty-report-inactive", "refused", "warning")
    d.edu.log_stop()
    breaks.now("dirty-not-stopped", "stop-without-start", "info")
    d.edu.log_start([(RAM, memory.size)])
    breaks.case.expect("a second start", outcome(d.edu.log_start, [(RAM, memory.size)]), "EINVAL")
    breaks.now("dirty-start-twice", "refused", "warning")
    d.container.unmap_dma(RAM, memory.size)
    breaks.now("dma-unmap-drops-dirty", "unreported", "info")
    fd = d.to(State.STOP_COPY)
    d.container.map_dma(memory.address, RAM, memory.size)
    breaks.now("dma-map-change-in-stop-copy", "map", "info")
    vfio.read_data(fd)
    d.to(State.STOP)
    os.close(fd)
    d.close()
    breaks.now("dirty-no-final-report", "never-reported", "critical")
    d.open()


def deadlines(breaks, d):
    """A second and more each: the agent's ticks judge them."""
    d.switch("stall_ms", 6500)
    d.to(State.RUNNING_P2P)
    d.switch("stall_ms", 0)
    breaks.now("fsm-transition-stuck", "slow", "warning")
    breaks.awaited("state-dwell-exceeded", "in-RUNNING_P2P", "warning")
    d.to(State.RUNNING)


def over_budget(breaks, d):
    fd = d.to(State.RESUMING)
    os.write(fd, breaks.data)
    d.switch("stall_ms", 400)
    d.to(State.RUNNING)
    d.switch("stall_ms", 0)
    breaks.now("blackout-budget-exceeded", "over-budget", "warning")
    os.close(fd)


def main():
    case = Case()
    address, = pci.edus(1, state_size=STATE_SIZE)
    agent = Agent(config="limits: { blackout-budget: 300ms }\n")
    breaks = Breaks(case, agent)
    d = Device(address)
    lies_at_open(breaks, d)
    leaked = sessions(breaks, d)
    fd = d.to(State.STOP_COPY)
    breaks.data = vfio.read_data(fd)
    os.close(fd)
    d.to(State.RUNNING)
    interrupts(breaks, d)
    touches(breaks, d)
    cut_short(breaks, d)
    load(breaks, d)
    tracking(breaks, d)
    over_budget(breaks, d)
    last = d.to(State.PRE_COPY)
    d.to(State.RUNNING)
    os.close(leaked)
    deadlines(breaks, d)
    breaks.awaited("data-fd-leaked", "open", "info", 90)
    os.close(last)
    d.close()
    case.finish(agent)
    (Path("/results") / "timeline.txt").write_text(agent.printed())
    case.end()


main()
