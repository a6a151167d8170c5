#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does to VFIO devices what a text file says, line by line, and prints what each line came to.

    python3 lab/guest/script.py FILE DEVICE [DEVICE...]

FILE may be - for standard input. A DEVICE is a PCI address bound to a VFIO driver (00:02.0), an mdev's UUID or a
sysfs directory; all are opened into one container. Lines are for the first device until `device N` (from 0).
Numbers may be 0x… or end in K or M; # begins a comment.
"""
import errno
import inspect
import os
import shlex
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import mdev, pci, pci_client, vfio  # noqa: E402
from guest.vfio import State  # noqa: E402

IRQ_INDEXES = {"intx": 0, "msi": 1, "msix": 2, "error": 3, "request": 4}
CHUNK = 1 << 16


def number(text):
    scale = {"K": 1 << 10, "M": 1 << 20}.get(text[-1:].upper(), 1)
    return int(text[:-1] if scale > 1 else text, 0) * scale


def bar(text):
    if not text.startswith("bar"):
        raise ValueError(f"{text} is not bar0 … bar5")
    return int(text[3:])


def on_off(text):
    return ("off", "on").index(text) == 1


class Opened:
    """A device and what the script has of it."""

    def __init__(self, container, path):
        self.path = path
        self.device = pci_client.open_device(container, path)
        self.data_fd = None
        self.drained = b""
        self.bars = {}
        self.ioeventfds = []


class Script:
    """A method is an action, its parameters are the line's words, its answer is printed."""

    def __init__(self, paths):
        self._container = vfio.Container()
        self._opened = [Opened(self._container, path) for path in paths]
        self._mappings = {}  # iova: (size, what keeps the memory alive)
        self._now = self._opened[0]

    @property
    def _device(self):
        return self._now.device

    def device(self, which):
        self._now = self._opened[number(which)]
        return os.path.basename(self._now.path)

    def say(self, *words):
        return " ".join(words)

    def pause(self, milliseconds):
        time.sleep(number(milliseconds) / 1000)

    def switch(self, name, value):
        """edu_vfio's switches."""
        Path(self._now.path, "edu_vfio", name).write_text(value)

    # Migration

    def flags(self):
        return self._device.migration_flags()

    def get(self):
        return self._device.state().name

    def set(self, state):
        fd = self._device.set_state(State[state] if state in State.__members__ else number(state))
        if fd is None:
            return "no data fd"
        self._now.data_fd = fd
        return "data fd"

    def read(self, count):
        data = os.read(self._now.data_fd, number(count))
        self._now.drained += data
        return f"{len(data)} bytes"

    def drain(self):
        """Until end of stream, also a temporary one."""
        count = 0
        try:
            while data := os.read(self._now.data_fd, CHUNK):
                self._now.drained += data
                count += len(data)
        except OSError as error:
            if error.errno != errno.ENOMSG:
                raise
            return f"{count} bytes, then ENOMSG"
        return f"{count} bytes, then the end"

    def load(self, which):
        """What was read of device WHICH is written to this one."""
        data = self._opened[number(which)].drained
        vfio.write_data(self._now.data_fd, data)
        return f"{len(data)} bytes"

    def load_zeros(self, count):
        return f"{os.write(self._now.data_fd, bytes(number(count)))} bytes"

    def precopy_info(self):
        return "initial {}, dirty {}".format(*vfio.precopy_info(self._now.data_fd))

    def close(self):
        """The data fd."""
        os.close(self._now.data_fd)
        self._now.data_fd = None

    def close_device(self):
        """Its mappings keep a device open."""
        self._device.close()

    def reset(self):
        self._device.reset()

    # Regions

    def write(self, region, offset, size, value):
        self._device.write(bar(region), number(offset), number(value).to_bytes(number(size), "little"))

    def peek(self, region, offset, size):
        return hex(int.from_bytes(self._device.read(bar(region), number(offset), number(size)), "little"))

    def config(self, action, offset, size, value=None):
        if (action, value is None) == ("read", True):
            return hex(self._device.config_read(number(offset), number(size)))
        if (action, value is None) != ("write", False):
            raise ValueError("config read OFFSET SIZE, or config write OFFSET SIZE VALUE")
        self._device.config_write(number(offset), number(size), number(value))

    def _command(self, bit, on):
        self._device.command(bit if on else 0, 0 if on else bit)

    def memory(self, on):
        """COMMAND's memory enable; off zaps what is mapped."""
        self._command(pci_client.PCI_COMMAND_MEMORY, on_off(on))

    def master(self, on):
        """COMMAND's bus master enable."""
        self._command(pci_client.PCI_COMMAND_MASTER, on_off(on))

    def mmap(self, region):
        self._now.bars[region] = self._device.mmap(bar(region))

    def munmap(self, region):
        self._now.bars.pop(region).unmap()

    def touch(self, region, offset):
        """Reads through the mapping; EFAULT is what kills another program with SIGBUS."""
        return hex(self._now.bars[region].read(number(offset)))

    def store(self, region, offset, value):
        self._now.bars[region].write(number(offset), number(value))

    def ioeventfd(self, region, offset, size, value):
        self._now.ioeventfds.append(self._device.ioeventfd(bar(region), number(offset), number(value), number(size)))

    def signal(self):
        """The last ioeventfd."""
        os.eventfd_write(self._now.ioeventfds[-1], 1)

    # DMA

    def map(self, iova, size):
        memory = vfio.Memory(number(size))
        self._container.map_dma(memory.address, number(iova), memory.size)
        self._mappings[number(iova)] = (memory.size, memory)

    def map_bar(self, iova, region, which):
        """A BAR that device WHICH has mapped (mmap): peer to peer."""
        mapped = self._opened[number(which)].bars[region]
        self._container.map_dma(mapped.address, number(iova), mapped.size)
        self._mappings[number(iova)] = (mapped.size, mapped)

    def unmap(self, iova):
        size, _ = self._mappings.pop(number(iova))
        return f"{self._container.unmap_dma(number(iova), size)} bytes"

    def dma(self, direction, iova, count):
        """to or from memory, by edu's engine; starts it and does not wait."""
        self._device.dma(number(iova), number(count), to_memory=("from", "to").index(direction) == 1)

    def log_start(self, iova, size):
        return f"page size {self._device.log_start([(number(iova), number(size))])}"

    def log_stop(self):
        self._device.log_stop()

    def log_report(self, iova, size):
        return f"{len(self._device.log_report(number(iova), number(size)))} dirty pages"

    # Interrupts

    def irqs(self, index, vectors):
        """intx, msi, msix; 0 vectors disable it."""
        if number(vectors):
            self._device.enable_msi(number(vectors), IRQ_INDEXES[index])
        else:
            self._device.disable_msi(IRQ_INDEXES[index])

    def trigger(self, index):
        self._device.trigger(IRQ_INDEXES[index])

    def wait_irq(self, seconds):
        return f"{self._device.wait_msi(number(seconds))} interrupts"

    # Resets and power of the whole bus

    def hot_reset(self):
        self._device.hot_reset(list(self._container.groups.values()))

    def low_power(self, action):
        {"enter": self._device.low_power_entry, "exit": self._device.low_power_exit}[action]()


ACTIONS = {name.replace("_", "-"): getattr(Script, name) for name in vars(Script) if name[0] != "_"}


def usage(name):
    parameters = list(inspect.signature(ACTIONS[name]).parameters.values())[1:]
    words = [f"[{p.name.upper()}]" if p.default is None else p.name.upper() for p in parameters]
    return " ".join([name, *words])


def parse(text):
    """[(line number, words)]; nothing is done before all lines are known to be good."""
    lines = []
    for count, line in enumerate(text.splitlines(), 1):
        words = shlex.split(line, comments=True)
        if not words:
            continue
        if words[0] not in ACTIONS:
            sys.exit(f"script: line {count}: {words[0]} is no action; there are:\n  "
                     + "\n  ".join(map(usage, ACTIONS)))
        try:
            inspect.signature(ACTIONS[words[0]]).bind(None, *words[1:])
        except TypeError:
            sys.exit(f"script: line {count}: {' '.join(words)}: wanted is {usage(words[0])}")
        lines.append((count, words))
    return lines


def sysfs(device):
    if os.path.isdir(device):
        return device
    if found := pci.find(device):
        return pci.sysfs(found[0])
    if os.path.isdir(mdev.sysfs(device)):
        return mdev.sysfs(device)
    sys.exit(f"script: there is no device {device}")


def perform(script, words):
    try:
        answer = ACTIONS[words[0]](script, *words[1:])
    except OSError as error:  # a TimeoutError has no number
        return errno.errorcode.get(error.errno, str(error))
    return "ok" if answer is None else str(answer)


def main(argv):
    if len(argv) < 2:
        sys.exit(__doc__ + "\nActions:\n  " + "\n  ".join(map(usage, ACTIONS)))
    lines = parse(sys.stdin.read() if argv[0] == "-" else Path(argv[0]).read_text())
    script = Script([sysfs(device) for device in argv[1:]])
    for count, words in lines:
        try:
            outcome = perform(script, words)
        except (ValueError, KeyError, IndexError, TypeError) as error:
            sys.exit(f"script: line {count}: {' '.join(words)}: {error!r}; wanted is {usage(words[0])}")
        print(f"{' '.join(words)}: {outcome}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
