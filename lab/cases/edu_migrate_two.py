#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# lab/vm: --device edu,addr=02.0 --device edu,addr=03.0 --device edu,addr=04.0 --device edu,addr=05.0
"""Stock QEMU migrates a VM with two PCI devices: all are quiet before any stops, all are quiet before any runs."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import pci, qemu  # noqa: E402
from guest.case import Case  # noqa: E402

DEVICES = {"d0", "d1"}


def reach(states, state):
    """Where in the sequence each device first comes to a state."""
    return [states.index((device, state)) for device in sorted(DEVICES)]


def main():
    case = Case()
    paths = [pci.sysfs(address) for address in pci.edus(4, state_size=1 << 20)]
    source = qemu.start("source", paths[:2])
    destination = qemu.start("destination", paths[2:], incoming=True)
    # Every mapped page counts as dirty, as these devices' DMA is not tracked: pre-copy would never converge.
    source.set_parameters(downtime_limit=20000, max_bandwidth=1 << 30)
    source.migrate(destination.listen())
    ends = (source, destination)
    case.expect("QEMU's status", [end.wait_migration() for end in ends], ["completed"] * 2)
    destination.qmp.wait_event(lambda e: e["event"] == "RESUME")
    info = source.migration()
    sent = info["vfio"]["transferred"]
    print(f"     total {info['total-time']} ms, downtime {info['downtime']} ms, devices {sent} bytes")
    case.expect("each device's state, before and in STOP_COPY", sent >= 4 << 20, True)
    for end in ends:
        for device, state in end.qmp.vfio_states():
            print(f"     {end.name} {device} {state}")
    saving, loading = source.qmp.vfio_states(), destination.qmp.vfio_states()
    case.expect("source: all quiet before any stops",
                max(reach(saving, "pre-copy-p2p")) < min(reach(saving, "stop-copy")), True)
    start = max(reach(loading, "resuming"))
    case.expect("destination: all quiet before any runs",
                max(reach(loading[start:], "running-p2p")) < min(reach(loading[start:], "running")), True)
    case.expect("last states", (sorted(saving[-2:]), sorted(loading[-2:])),
                ([("d0", "stop"), ("d1", "stop")], [("d0", "running"), ("d1", "running")]))
    case.expect("QEMU's exit codes", [end.quit() for end in ends], [0, 0])
    case.end()


main()
