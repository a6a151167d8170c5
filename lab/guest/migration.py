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
    """A migration whose stream stops in pre-copy, for as long as a case needs it there; then it goes on, or is cut."""

    def __init__(self, source, destination):
        self.source, self.destination = source, destination
        self._go_on = threading.Event()
        path = Path(tempfile.mkdtemp(prefix="held-")) / "socket"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen()
        self._out = socket.socket(socket.AF_UNIX)
        self._out.connect(destination.listen().removeprefix("unix:"))
        self._since = len(source.qmp.events)
        threading.Thread(target=self._forward, args=(listener,), daemon=True).start()
        source.migrate(f"unix:{path}")
        source.wait_state("pre-copy", self._since)
        destination.wait_state("resuming")

    def _forward(self, listener):
        with listener, self._out, listener.accept()[0] as stream:
            done = 0
            while data := stream.recv(HELD_AFTER - done if done < HELD_AFTER else 1 << 20):
                try:
                    self._out.sendall(data)
                except OSError:
                    return  # the destination is gone, or the stream was cut
                done += len(data)
                if done >= HELD_AFTER:
                    self._go_on.wait()

    def release(self):
        self._go_on.set()

    def cut(self):
        """As when the network goes: neither end hears from the other any more."""
        self._out.shutdown(socket.SHUT_RDWR)
        self.release()

    def finish(self):
        """Lets it complete; both ends' status."""
        self.release()
        return [self.source.wait_migration(since=self._since), self.destination.wait_migration()]


def attempt(source, paths):
    """(a new destination with these devices, the migration to it, held in pre-copy, how many events the source has sent)"""
    destination = qemu.start("destination", paths, incoming=True)
    return destination, Held(source, destination), len(source.qmp.events)
