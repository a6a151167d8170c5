# SPDX-License-Identifier: Apache-2.0
"""A stock QEMU pair with one mtty device each, and a migration that can be held in the middle."""
import socket
import tempfile
import threading
from pathlib import Path

from . import mdev, qemu

# Past the set-up, which puts both devices in their states, and far short of the end: what the sockets
# buffer beyond it (some 400 KiB) does not reach the end of even an empty VM's memory either.
HELD_AFTER = 64 << 10


def load():
    mdev.load()
    return mdev.create(mdev.SOURCE), mdev.create(mdev.DESTINATION)


def pair(**options):
    """(source, destination), not migrating yet."""
    return (qemu.start("source", [mdev.sysfs(mdev.SOURCE)], **options),
            qemu.start("destination", [mdev.sysfs(mdev.DESTINATION)], incoming=True))


class Held:
    """A migration whose stream stops in pre-copy, for as long as a case needs it there."""

    def __init__(self, source, destination):
        self.source, self.destination = source, destination
        self._go_on = threading.Event()
        path = Path(tempfile.mkdtemp(prefix="held-")) / "socket"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen()
        threading.Thread(target=self._forward, args=(listener, destination.listen()), daemon=True).start()
        source.migrate(f"unix:{path}")
        for end, state in ((source, "pre-copy"), (destination, "resuming")):
            end.qmp.wait_event(lambda e, s=state: e["event"] == "VFIO_MIGRATION" and e["data"]["device-state"] == s)

    def _forward(self, listener, uri):
        out = socket.socket(socket.AF_UNIX)
        out.connect(uri.removeprefix("unix:"))
        with listener, out, listener.accept()[0] as stream:
            done = 0
            while data := stream.recv(HELD_AFTER - done if done < HELD_AFTER else 1 << 20):
                try:
                    out.sendall(data)
                except OSError:
                    return  # the destination is gone
                done += len(data)
                if done >= HELD_AFTER:
                    self._go_on.wait()

    def release(self):
        self._go_on.set()

    def finish(self):
        """Lets it complete; both ends' status."""
        self.release()
        return [self.source.wait_migration(), self.destination.wait_migration()]
