# SPDX-License-Identifier: Apache-2.0
"""A small client of QEMU's machine protocol over a connected stream socket.

Events are kept in the order they came, so a case can compare whole sequences afterwards.
"""
import json
import time


class QmpError(Exception):
    """QEMU refused a command; the text is QEMU's."""


class Qmp:
    def __init__(self, sock):
        self._socket = sock
        self._rest = b""
        self._replies = []
        self.events = []
        self._until(lambda: self._replies, 60)
        self._replies.clear()  # the greeting
        self.execute("qmp_capabilities")

    def execute(self, command, timeout=60, **arguments):
        request = {"execute": command, "arguments": {k.replace("_", "-"): v for k, v in arguments.items()}}
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        self._until(lambda: self._replies, timeout)
        reply = self._replies.pop()
        if "error" in reply:
            raise QmpError(reply["error"]["desc"])
        return reply["return"]

    def wait_event(self, predicate, timeout=60, since=0):
        """The first event, from number `since` on, of which the predicate holds; it may have come already."""
        self._until(lambda: any(predicate(event) for event in self.events[since:]), timeout)
        return next(event for event in self.events[since:] if predicate(event))

    def vfio_states(self):
        """QEMU's own account of the devices' migration states: [(device id, state), …]."""
        return [(event["data"]["device-id"], event["data"]["device-state"])
                for event in self.events if event["event"] == "VFIO_MIGRATION"]

    def drain(self):
        """Reads until QEMU hangs up, so that the events of its last moments are there too."""
        try:
            self._until(lambda: False, 60)
        except ConnectionError:
            self._socket.close()

    def _until(self, done, timeout):
        deadline = time.monotonic() + timeout
        while not done():
            self._socket.settimeout(max(0.001, deadline - time.monotonic()))
            self._receive()

    def _receive(self):
        data = self._socket.recv(1 << 16)
        if not data:
            raise ConnectionError("QEMU hung up")
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in filter(None, map(bytes.strip, lines)):
            message = json.loads(line)
            (self.events if "event" in message else self._replies).append(message)
