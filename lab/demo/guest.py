#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The demo's half in the guest: a stock migration and a misbehaving client, watched by one agent."""
import os
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import mdev, migration, vfio  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.vfio import State  # noqa: E402

CLIENT = "5a5a0003-0000-4000-8000-000000000003"
DONE_PORT = 9642


def say(text):
    print(f"\n== {text}", flush=True)


def misbehave():
    container = vfio.Container()
    device = vfio.open_device(container, mdev.create(CLIENT))
    data_fd = device.set_state(State.STOP_COPY)
    device.write(vfio.VFIO_PCI_BAR0_REGION_INDEX, 7, b"\x5a")
    eventfd = os.eventfd(0, os.EFD_NONBLOCK)
    device.set_irqs(vfio.VFIO_PCI_INTX_IRQ_INDEX, [eventfd])
    device.set_state(State.STOP)
    os.close(data_fd)
    device.close()
    container.close()


def timeline(agent):
    """Without what was there before the first device, and with the devices called by their VMs."""
    names = {mdev.SOURCE: "source", mdev.DESTINATION: "destination", CLIENT: "client"}
    for line in agent.printed().splitlines():
        if any(word in line for word in (" probe ", " tick", " map ", " unmap ", " mapping gone")):
            continue
        for uuid, name in names.items():
            line = line.replace(uuid, f"{name:11}")
        print(line, flush=True)


def main():
    say("migwatch starts (in emulation: this takes a while)")
    migration.load()
    agent = Agent()
    say("stock QEMU migrates a VFIO device to another QEMU")
    source, destination = migration.pair()
    source.migrate(destination.listen())
    print(f"QEMU says: {source.wait_migration()}, {destination.wait_migration()}", flush=True)
    if "--keep" not in sys.argv:
        source.quit()
        destination.quit()
    say("a client that touches its device in STOP_COPY and does not read the stream")
    misbehave()
    agent.settled()
    say("the timeline, as `migwatch print` shows it (without map and unmap)")
    timeline(agent)
    say("what was found")
    for v in agent.violations():
        because = f'"{v["says"]}"' if v["says"] else v["basis"]  # not every rule has a sentence to quote
        print(f"{v['severity']:8} {v['rule']}: {v['statement']}\n         {because}", flush=True)
    # The host has its own look at the agent, over HTTP, and then tells us to end.
    with socket.create_server(("0.0.0.0", DONE_PORT)) as server:
        say("guest done")
        server.accept()
    agent.stop()


main()
