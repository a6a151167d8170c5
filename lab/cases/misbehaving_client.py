#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""(d) The lab's own client breaks rules on purpose: exactly those fire, each once, with their evidence."""
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import mdev, vfio  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.vfio import State, outcome  # noqa: E402

SCRATCH = 7  # the UART's scratch register


def touch_while_saving(case, device):
    """STOP_COPY: a region is written, interrupts are set, ERROR is asked for; then it is left undrained."""
    data_fd = device.set_state(State.STOP_COPY)
    for _ in range(3):
        device.write(vfio.VFIO_PCI_BAR0_REGION_INDEX, SCRATCH, b"\x5a")
    eventfd = os.eventfd(0, os.EFD_NONBLOCK)
    device.set_irqs(vfio.VFIO_PCI_INTX_IRQ_INDEX, [eventfd])
    case.expect("a request for ERROR", outcome(device.set_state, State.ERROR), "EINVAL")
    device.set_state(State.STOP)
    os.close(data_fd)
    os.close(eventfd)


def resume_without_data(case, device):
    """mtty wants its data and refuses to load nothing; the user then resets, as it must."""
    data_fd = device.set_state(State.RESUMING)
    case.expect("RESUMING -> RUNNING without data", outcome(device.set_state, State.RUNNING), "EINVAL")
    device.reset()
    os.close(data_fd)


def close_while_saving(device):
    data_fd = device.set_state(State.PRE_COPY)
    vfio.read_data(data_fd)  # to the end for now, of which mtty says 0 where ENOMSG is asked for
    device.close()
    os.close(data_fd)


def main():
    case = Case()
    mdev.load()
    path = mdev.create(mdev.SOURCE)
    agent = Agent()
    container = vfio.Container()
    device = vfio.open_device(container, path)
    touch_while_saving(case, device)
    agent.settled()
    case.expect("state", agent.state(mdev.SOURCE), "STOP")
    # On to RESUMING, not back to RUNNING: what was saved was not rolled back.
    resume_without_data(case, device)
    close_while_saving(device)
    agent.settled()
    wanted = [("mmio-rw-while-halted", "critical"), ("set-irqs-in-stop-copy", "warning"),
              ("fsm-arc-rejected", "warning"), ("stop-copy-not-drained", "warning"),
              ("resume-load-rejected", "critical"), ("reset-during-migration", "info"),
              ("precopy-eos-encoding", "info"), ("close-mid-migration", "warning")]
    # What the device is (an mdev), and two saves without a dirty tracker.
    said = [("unsupported-bus-type", "info"), ("dirty-tracking-absent", "info"), ("dirty-tracking-absent", "info")]
    case.rules(agent, [*wanted, *said], exact=True)
    by_rule = {v["rule"]: v for v in agent.violations()}
    write = by_rule["mmio-rw-while-halted"]
    case.expect("evidence of the write", (write["state"], write["evidence"]["region"], write["evidence"]["offset"],
                                          write["evidence"]["length"], write["event"]["tgid"]),
                ("STOP_COPY", 0, SCRATCH, 1, os.getpid()))
    case.expect("evidence of the load", by_rule["resume-load-rejected"]["evidence"]["bytes_written"], 0)
    case.expect("evidence of the reset", by_rule["reset-during-migration"]["reason"], "recovery")
    case.expect("evidence of the drain", by_rule["stop-copy-not-drained"]["evidence"]["bytes_read"], 0)
    now = agent.metrics()
    case.expect("verdicts broken: each write", now['migwatch_verdicts_total{rule="mmio-rw-while-halted",verdict="broken"}'], 3)
    case.expect("violations: one finding", now['migwatch_violations_total{rule="mmio-rw-while-halted",severity="critical"}'], 1)
    case.expect("region accesses",
                now[f'migwatch_region_accesses_total{{device="{mdev.SOURCE}",region="0"}}'], 3)
    container.close()
    case.finish(agent)
    (Path("/results") / "timeline.txt").write_text(agent.printed())
    case.end()


main()
