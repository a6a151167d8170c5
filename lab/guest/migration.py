# SPDX-License-Identifier: Apache-2.0
"""A stock QEMU pair with one mtty device each, as cases want it."""
from . import mdev, qemu

SLOW = 1 << 20  # bytes/s: a pre-copy that lasts until somebody speeds it up
FAST = 1 << 30


def load():
    mdev.load()
    return mdev.create(mdev.SOURCE), mdev.create(mdev.DESTINATION)


def pair(**options):
    """(source, destination), not migrating yet."""
    return (qemu.start("source", [mdev.sysfs(mdev.SOURCE)], **options),
            qemu.start("destination", [mdev.sysfs(mdev.DESTINATION)], incoming=True))


def begin_slowly(source, destination):
    """Migrates so slowly that it stays in pre-copy; returns when both devices are in it."""
    source.set_parameters(max_bandwidth=SLOW)
    source.migrate(destination.listen())
    for end, state in ((source, "pre-copy"), (destination, "resuming")):
        end.qmp.wait_event(lambda e, s=state: e["event"] == "VFIO_MIGRATION" and e["data"]["device-state"] == s)


def finish(source, destination):
    """Lets it complete; both ends' status."""
    source.set_parameters(max_bandwidth=FAST)
    return [source.wait_migration(), destination.wait_migration()]
