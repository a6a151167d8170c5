#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stock QEMU saves a VM to a file and restores it, running and paused; a destination that waits for `cont`."""
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import mdev, migration, qemu  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.trips import Trips  # noqa: E402


def start(name, device, **options):
    return qemu.start(name, [mdev.sysfs(device)], **options)


def main():
    case = Case()
    migration.load()
    agent = Agent()
    trips = Trips(case, agent)
    saved = f"file:{Path(tempfile.mkdtemp(prefix='saved-')) / 'vm'}"

    vm = start("saved", mdev.SOURCE)
    vm.migrate(saved)
    case.expect("saved", vm.wait_migration(), "completed")
    case.expect("exit code", vm.quit(), 0)
    trips.take("save", mdev.SOURCE)

    # A new device: mtty stays in STOP when it is closed, see below.
    mdev.remove(mdev.SOURCE)
    mdev.create(mdev.SOURCE)
    vm = start("restored", mdev.SOURCE, incoming=True)
    vm.listen(saved)
    case.expect("restored", vm.wait_migration(), "completed")
    vm.wait_state("running")
    trips.take("restore", mdev.SOURCE)

    # A VM that is paused, saved, and goes on here after all.
    vm.pause()
    seen = len(vm.qmp.events)
    vm.migrate(saved)
    case.expect("saved while paused", vm.wait_migration(since=seen), "completed")
    trips.take("save-paused", mdev.SOURCE)
    vm.resume()
    vm.wait_state("running", seen)
    trips.take("resume-after-save", mdev.SOURCE)

    other = start("waiting", mdev.DESTINATION, incoming=True, paused=True)
    seen = len(vm.qmp.events)
    vm.migrate(other.listen())
    case.expect("to a waiting destination", [vm.wait_migration(since=seen), other.wait_migration()], ["completed"] * 2)
    case.expect("state of the device that waits", agent.state(mdev.DESTINATION), "RESUMING")
    trips.take("leave", mdev.SOURCE)
    trips.take("wait", mdev.DESTINATION)
    other.resume()
    other.wait_state("running")
    trips.take("late-cont", mdev.DESTINATION)
    case.expect("exit codes", (vm.quit(), other.quit()), (0, 0))
    trips.take("exit", mdev.SOURCE, mdev.DESTINATION)

    # No alarm is silenced for QEMU's sake: the driver's own fault is found under a correct VMM too.
    case.expect("exit code", start("reopened", mdev.SOURCE).quit(), 0)
    trips.take("reopen", mdev.SOURCE)
    trips.finish()
    case.finish(agent)
    case.end()


main()
