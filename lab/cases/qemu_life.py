#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# lab/vm: --device edu,addr=02.0 --device edu,addr=03.0
"""Stock QEMU without a migration: pause, reset, reset while paused, unplug, plug again, exit while paused."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import pci, qemu  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.trips import Trips  # noqa: E402


def main():
    case = Case()
    addresses = pci.edus(2)
    paths = [pci.sysfs(address) for address in addresses]
    agent = Agent()
    trips = Trips(case, agent)
    vm = qemu.start("machine", paths, ports=True)
    trips.take("boot", *addresses)
    for _ in range(3):
        vm.pause()
        vm.resume()
    trips.take("pause", *addresses)
    vm.reset()
    trips.take("reset", *addresses)
    vm.pause()
    vm.reset()
    vm.resume()
    trips.take("reset-paused", *addresses)
    vm.unplug("d1")
    vm.pause()
    vm.resume()
    trips.take("unplug", *addresses)
    vm.plug("d1", paths[1], "port1")
    vm.pause()
    vm.resume()
    trips.take("plug", *addresses)
    vm.pause()
    case.expect("QEMU's exit code", vm.quit(), 0)
    trips.take("exit-paused", *addresses)
    trips.finish()
    case.finish(agent)
    case.end()


main()
