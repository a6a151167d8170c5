#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# lab/vm: --device edu,addr=02.0 --device edu,addr=03.0 --device edu,addr=04.0 --device edu,addr=05.0
"""Stock QEMU in pre-copy: paused and resumed, cancelled while paused, rebooted by its guest, which ends the migration."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import migration, pci, qemu  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.trips import Trips  # noqa: E402


def main():
    case = Case()
    addresses = pci.edus(4, state_size=1 << 20)
    paths = [pci.sysfs(address) for address in addresses]
    here, there = addresses[:2], addresses[2:]
    agent = Agent()
    trips = Trips(case, agent)
    source = qemu.start("source", paths[:2])
    source.set_parameters(downtime_limit=20000, max_bandwidth=1 << 30)

    def given_up(destination, held, seen, how):
        held.cut()
        destination.qmp.drain()
        destination.process.wait()
        case.expect("the source's status", source.wait_migration(since=seen), how)

    destination, held, seen = migration.attempt(source, paths[2:])
    source.pause()
    case.expect("paused in pre-copy", [agent.state(device) for device in here], ["STOP_COPY"] * 2)
    source.resume()
    source.cancel()
    given_up(destination, held, seen, "cancelled")
    trips.take("load-given-up", *there)
    trips.take("paused-in-pre-copy", *here)

    destination, held, seen = migration.attempt(source, paths[2:])
    source.pause()
    source.cancel()
    given_up(destination, held, seen, "cancelled")
    source.wait_state("running", seen)
    source.resume()
    trips.take("load-given-up", *there)
    trips.take("cancelled-while-paused", *here)

    destination, held, seen = migration.attempt(source, paths[2:])
    source.reset()
    held.release()
    case.expect("rebooted in pre-copy: the source's status", source.wait_migration(since=seen), "failed")
    destination.qmp.drain()
    destination.process.wait()
    trips.take("load-given-up", *there)
    trips.take("rebooted-in-pre-copy", *here)
    case.expect("QEMU's exit code", source.quit(), 0)
    trips.finish()
    case.finish(agent)
    case.end()


main()
