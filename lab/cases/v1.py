#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A device of the v1 protocol is saved and resumed by the book, in silence; then its rules and others are broken."""
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import v1, vfio  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.vfio import outcome  # noqa: E402

SOURCE = "5a5a0011-0000-4000-8000-000000000011"
DESTINATION = "5a5a0012-0000-4000-8000-000000000012"
BAR = vfio.VFIO_PCI_BAR0_REGION_INDEX
CONTENT = b"what the device knows"


def migrate(case, agent, source, destination):
    """As QEMU 7.2 does it: pre-copy, stop-and-copy, stopped; resuming, then running at once."""
    source.write(BAR, 64, CONTENT)
    source.change(v1.PRE_COPY)
    source.save()
    source.change(v1.SAVING)
    buffers = source.save()
    agent.settled()
    case.expect("state of the source", agent.state(SOURCE), "STOP_COPY")
    source.change(v1.STOP)
    destination.change(v1.RESUMING)
    destination.load(buffers)
    destination.change(v1.RUNNING)
    case.expect("what arrived", destination.read(BAR, 64, len(CONTENT)), CONTENT)
    agent.settled()
    case.expect("states", (agent.state(SOURCE), agent.state(DESTINATION)), ("STOP", "RUNNING"))


def break_rules(case, device, eventfd):
    """Out of STOP: RUNNING, and all that can be done wrong on the way through stop-and-copy."""
    device.change(v1.RUNNING)
    case.expect("101b", outcome(device.put, v1.DEVICE_STATE, v1.RESUMING | v1.RUNNING, 4), "EINVAL")
    device.get(v1.DEVICE_STATE, 4)  # after an error the user reads where the device is
    device.change(v1.SAVING)
    device.get(v1.DATA_SIZE)  # before pending_bytes and data_offset
    device.write(BAR, 0, b"\x5a")
    device.set_irqs(vfio.VFIO_PCI_INTX_IRQ_INDEX, [eventfd])
    device.change(v1.STOP)  # all of it is pending


def wreck(case, device):
    """Data that does not fit: ERROR, from where only a reset leads on."""
    device.change(v1.RESUMING)
    device.get(v1.DATA_OFFSET)
    case.expect("too much data", outcome(device.put, v1.DATA_SIZE, 1 << 20), "EIO")
    case.expect("device_state", device.get(v1.DEVICE_STATE, 4), v1.ERROR)
    device.reset()
    case.expect("device_state", device.get(v1.DEVICE_STATE, 4), v1.RUNNING)


def main():
    case = Case()
    v1.load()
    agent = Agent()
    container = vfio.Container()
    source, destination = (vfio.open_device(container, v1.create(uuid), v1.Device) for uuid in (SOURCE, DESTINATION))
    case.expect("migration regions", (source.find_region(), destination.find_region()), (9, 9))
    migrate(case, agent, source, destination)
    absent = [("dirty-tracking-absent", "info")]
    case.rules(agent, absent, "findings of a migration by the book", exact=True)
    now = agent.metrics()
    case.expect("migrations", [now[f'migwatch_migrations_total{{side="{side}",result="completed"}}']
                               for side in ("source", "destination")], [1, 1])
    case.expect("bytes saved", now[f'migwatch_migration_data_bytes_total{{device="{SOURCE}",direction="save"}}'], 8192)
    case.expect("bytes resumed",
                now[f'migwatch_migration_data_bytes_total{{device="{DESTINATION}",direction="resume"}}'], 4096)
    case.expect("device info", [s for s in now if s.startswith("migwatch_device_info") and 'migration="v1"' in s
                                and SOURCE in s] != [], True)
    eventfd = os.eventfd(0, os.EFD_NONBLOCK)
    break_rules(case, source, eventfd)
    wreck(case, destination)
    agent.settled()
    wanted = [("v1-invalid-state-bits", "warning"), ("v1-data-protocol-order", "warning"),
              ("v1-data-protocol-order", "warning"), ("mmio-rw-while-halted", "critical"),
              ("set-irqs-in-stop-copy", "warning"), ("error-state-entered", "critical")]
    # That nothing tracks what is dirtied is one finding: it is told before an episode begins.
    case.rules(agent, [*absent, *wanted], exact=True)
    case.expect("orders", [v["reason"] for v in agent.violations() if v["rule"] == "v1-data-protocol-order"],
                ["data_offset-not-read", "pending-bytes-left"])
    for device in (source, destination):
        device.close()
    container.close()
    os.close(eventfd)
    case.finish(agent)
    (Path("/results") / "timeline.txt").write_text(agent.printed())
    case.end()


main()
