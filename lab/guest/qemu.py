# SPDX-License-Identifier: Apache-2.0
"""Stock QEMU as a VMM inside the guest: source and destination of a real live migration."""
import contextlib
import socket
import subprocess
import tempfile
from pathlib import Path

from .qmp import Qmp

ENDED = ("completed", "failed", "cancelled")


def start(name, devices, incoming=False, dirty_tracking=False, memory=64, paused=False, ports=False, uuid=None):
    """A QEMU with the VFIO devices of these sysfs directories, called d0, d1, …

    With `dirty_tracking` QEMU keeps its default, and refuses to migrate devices that cannot track
    ("ram_save_setup failed: Operation not supported"). A destination starts with `incoming`; when it is
    `paused`, as libvirt's are, its VM waits for `cont` when the state has arrived. With `ports` each device
    sits in a PCIe root port port0, port1, …, and can be unplugged. The `uuid` is the VM's, the same on both sides.
    """
    # A socket that is connected from the start: nothing to wait for.
    ours, theirs = socket.socketpair()
    # -S: events of the very first states would otherwise be sent before anybody listens.
    command = ["qemu-system-x86_64", "-S", "-name", name, "-M", "q35", "-accel", "tcg", "-m", str(memory),
               "-nodefaults", "-display", "none",
               "-chardev", f"socket,id=qmp,fd={theirs.fileno()}", "-mon", "chardev=qmp,mode=control"]
    for number, path in enumerate(devices):
        options = f"vfio-pci,sysfsdev={path},enable-migration=on,migration-events=on,id=d{number}"
        if ports:
            command += ["-device", f"pcie-root-port,id=port{number},chassis={number + 1}"]
            options += f",bus=port{number}"
        command += ["-device", options + ("" if dirty_tracking else ",x-device-dirty-page-tracking=off")]
    if uuid:
        command += ["-uuid", uuid]
    if incoming:
        command += ["-incoming", "defer"]
    with theirs:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])
    vm = Qemu(name, process, Qmp(ours))
    if not paused:
        # Of a destination it says that the VM is to run when its state has arrived.
        vm.qmp.execute("cont")
    return vm


class Qemu:
    def __init__(self, name, process, qmp):
        self.name = name
        self.process = process
        self.qmp = qmp
        qmp.execute("migrate-set-capabilities", capabilities=[{"capability": "events", "state": True}])

    def pause(self):
        self._run("stop", "STOP")

    def resume(self):
        self._run("cont", "RESUME")

    def reset(self):
        """The guest's machine, as its reset button does it; answers when it is done."""
        self._run("system_reset", "RESET")

    def _run(self, command, event):
        seen = len(self.qmp.events)
        self.qmp.execute(command)
        self.qmp.wait_event(lambda e: e["event"] == event, since=seen)

    def wait_state(self, state, since=0):
        """Waits until QEMU has reported this migration state of a device, after event number `since`."""
        self.qmp.wait_event(
            lambda e: e["event"] == "VFIO_MIGRATION" and e["data"]["device-state"] == state, since=since)

    def plug(self, device, path, port):
        self.qmp.execute("device_add", driver="vfio-pci", id=device, bus=port, sysfsdev=path, enable_migration="on",
                         migration_events=True, x_device_dirty_page_tracking="off")

    def unplug(self, device):
        """Without an operating system nobody lets the device go: a reset of the machine does."""
        seen = len(self.qmp.events)
        self.qmp.execute("device_del", id=device)
        self.reset()
        self.qmp.wait_event(lambda e: e["event"] == "DEVICE_DELETED" and e["data"].get("device") == device, since=seen)

    def enable(self, *capabilities):
        self.qmp.execute("migrate-set-capabilities",
                         capabilities=[{"capability": name, "state": True} for name in capabilities])

    def set_parameters(self, **parameters):
        """E.g. downtime_limit=20000 (ms), max_bandwidth (bytes/s)."""
        self.qmp.execute("migrate-set-parameters", **parameters)

    def listen(self, uri=None):
        """On the destination: where the source may migrate to, or what is to be loaded (file:PATH)."""
        uri = uri or f"unix:{Path(tempfile.mkdtemp(prefix='migration-')) / 'socket'}"
        self.qmp.execute("migrate-incoming", uri=uri)
        return uri

    def migrate(self, uri):
        """Starts a migration; it goes on while this returns."""
        self.qmp.execute("migrate", uri=uri)

    def cancel(self):
        self.qmp.execute("migrate_cancel")

    def wait_migration(self, timeout=60, since=0):
        """Waits for the end of a migration, on either side: completed, failed or cancelled."""
        return self.wait_status(ENDED, timeout, since)

    def wait_status(self, wanted, timeout=60, since=0):
        """Waits until the migration's status is one of these, after event number `since`; answers which."""
        event = self.qmp.wait_event(
            lambda e: e["event"] == "MIGRATION" and e["data"]["status"] in wanted, timeout, since)
        return event["data"]["status"]

    def migration(self):
        """QEMU's figures of the migration and, when it failed, why (error-desc)."""
        return self.qmp.execute("query-migrate")

    def quit(self):
        """Answers the exit code. A destination whose migration failed has left by itself."""
        with contextlib.suppress(ConnectionError):
            self.qmp.execute("quit")
        self.qmp.drain()
        return self.process.wait()
