# SPDX-License-Identifier: Apache-2.0
"""Two cases that run at the same time in the two machines of lab/pair talk to each other: JSON messages, and files."""
import io
import json
import socket
import tarfile
import time

ADDRESS = {"source": "10.0.3.1", "destination": "10.0.3.2"}
CONTROL_PORT = 7000
BOOT_SECONDS = 200


def listen(port=CONTROL_PORT):
    """On the destination: waits for the source."""
    with socket.create_server(("", port)) as server:
        server.settimeout(BOOT_SECONDS)
        return Peer(server.accept()[0])


def connect(port=CONTROL_PORT):
    """On the source: the destination may still be booting."""
    deadline = time.monotonic() + BOOT_SECONDS
    while True:
        try:
            return Peer(socket.create_connection((ADDRESS["destination"], port), timeout=5))
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


class Peer:
    def __init__(self, stream):
        stream.settimeout(BOOT_SECONDS)
        self._file = stream.makefile("rwb")

    def send(self, message):
        self._file.write(json.dumps(message).encode() + b"\n")
        self._file.flush()

    def receive(self):
        line = self._file.readline()
        if not line:
            raise ConnectionError("the other machine is gone")
        return json.loads(line)

    def send_bytes(self, data):
        self.send(len(data))
        self._file.write(data)
        self._file.flush()

    def receive_bytes(self):
        return self._file.read(self.receive())

    def send_folder(self, path):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            tar.add(path, arcname=path.name)
        self.send_bytes(packed.getvalue())

    def receive_folder(self, below):
        """Answers where it is now."""
        with tarfile.open(fileobj=io.BytesIO(self.receive_bytes())) as tar:
            tar.extractall(below)
            return below / tar.getnames()[0]
