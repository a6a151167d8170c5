# SPDX-License-Identifier: Apache-2.0
"""The VFIO client for PCI devices: mapped BARs, config space, MSI, resets, power, DMA logging; and edu's registers."""
import ctypes
import fcntl
import os
import select
import struct

from . import vfio
from .vfio import VFIO_DEVICE_FEATURE_GET, VFIO_DEVICE_FEATURE_SET, VFIO_PCI_CONFIG_REGION_INDEX

VFIO_DEVICE_GET_PCI_HOT_RESET_INFO = vfio.ioctl_number(12)
VFIO_DEVICE_PCI_HOT_RESET = vfio.ioctl_number(13)
VFIO_DEVICE_IOEVENTFD = vfio.ioctl_number(16)

VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY = 3
VFIO_DEVICE_FEATURE_LOW_POWER_EXIT = 5
VFIO_DEVICE_FEATURE_DMA_LOGGING_START = 6
VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP = 7
VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT = 8

PCI_COMMAND = 0x04
PCI_COMMAND_MEMORY = 1 << 1
PCI_COMMAND_MASTER = 1 << 2
PCI_CAPABILITY_LIST = 0x34

PAGE = 4096

_HOT_RESET = struct.Struct("=III")        # argsz flags count
_DEPENDENT = struct.Struct("=IHBB")       # group_id segment bus devfn
_IOEVENTFD = struct.Struct("=IIQQiI")     # argsz flags offset data fd reserved
_LOG_CONTROL = struct.Struct("=QIIQ")     # page_size num_ranges reserved ranges
_LOG_REPORT = struct.Struct("=QQQQ")      # iova length page_size bitmap

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
_libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
_PROT_READ_WRITE, _MAP_SHARED = 3, 1
_TYPES = {1: ctypes.c_uint8, 2: ctypes.c_uint16, 4: ctypes.c_uint32, 8: ctypes.c_uint64}


def _check(good):
    if not good:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class Bar:
    """A mapped BAR. Its address is real: it can be touched, and mapped for DMA by another device.

    As of any mapping, the file behind it (the device) stays open until it is unmapped.
    """

    def __init__(self, device_fd, index, size):
        self.size = size
        self.address = _libc.mmap(None, size, _PROT_READ_WRITE, _MAP_SHARED, device_fd, index << vfio.REGION_SHIFT)
        _check(self.address != ctypes.c_void_p(-1).value)
        self._scratch = os.memfd_create("touch")

    def fault(self, offset):
        """The page is faulted in: EFAULT where a plain access would be killed by SIGBUS."""
        os.pwrite(self._scratch, (ctypes.c_char * 4).from_address(self.address + offset), 0)

    def read(self, offset, size=4):
        self.fault(offset)
        return _TYPES[size].from_address(self.address + offset).value

    def write(self, offset, value, size=4):
        self.fault(offset)
        _TYPES[size].from_address(self.address + offset).value = value

    def unmap(self):
        _check(_libc.munmap(self.address, self.size) == 0)
        os.close(self._scratch)


class PciDevice(vfio.Device):
    def __init__(self, fd):
        super().__init__(fd)
        self.msi = []  # eventfds, a vector each

    def mmap(self, bar):
        return Bar(self.fd, bar, self.region(bar)[0])

    def config_read(self, offset, size):
        return int.from_bytes(self.read(VFIO_PCI_CONFIG_REGION_INDEX, offset, size), "little")

    def config_write(self, offset, size, value):
        return self.write(VFIO_PCI_CONFIG_REGION_INDEX, offset, value.to_bytes(size, "little"))

    def capability(self, wanted):
        """Where a capability begins in config space; 0 if the device has none of this kind."""
        at = self.config_read(PCI_CAPABILITY_LIST, 1)
        while at and self.config_read(at, 1) != wanted:
            at = self.config_read(at + 1, 1)
        return at

    def command(self, on=0, off=0):
        """Sets and clears bits of COMMAND; clearing PCI_COMMAND_MEMORY makes the kernel zap the BARs' mappings."""
        now = self.config_read(PCI_COMMAND, 2)
        self.config_write(PCI_COMMAND, 2, now & ~off | on)

    def enable_msi(self, vectors=1, index=vfio.VFIO_PCI_MSI_IRQ_INDEX):
        eventfds = [os.eventfd(0, os.EFD_NONBLOCK) for _ in range(vectors)]
        self.set_irqs(index, eventfds)
        self.msi = eventfds

    def disable_msi(self, index=vfio.VFIO_PCI_MSI_IRQ_INDEX):
        self.set_irqs(index, [])
        while self.msi:
            os.close(self.msi.pop())

    def wait_msi(self, timeout=10, vector=0):
        """How many came, of one vector, since it was last asked; none is a TimeoutError."""
        if not select.select([self.msi[vector]], [], [], timeout)[0]:
            raise TimeoutError(f"no interrupt in {timeout} s")
        return os.eventfd_read(self.msi[vector])

    def msi_count(self, vector=0):
        try:
            return os.eventfd_read(self.msi[vector])
        except BlockingIOError:
            return 0

    def hot_reset_info(self):
        """[(group, address)] of every device that a hot reset would hit."""
        room = 64
        request = bytearray(_HOT_RESET.pack(_HOT_RESET.size + room * _DEPENDENT.size, 0, 0)
                            + bytes(room * _DEPENDENT.size))
        fcntl.ioctl(self.fd, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, request)
        count = _HOT_RESET.unpack_from(request)[2]
        found = [_DEPENDENT.unpack_from(request, _HOT_RESET.size + i * _DEPENDENT.size) for i in range(count)]
        return [(number, f"{segment:04x}:{bus:02x}:{devfn >> 3:02x}.{devfn & 7}")
                for number, segment, bus, devfn in found]

    def hot_reset(self, group_fds):
        data = struct.pack(f"={len(group_fds)}i", *group_fds)
        fcntl.ioctl(self.fd, VFIO_DEVICE_PCI_HOT_RESET,
                    _HOT_RESET.pack(_HOT_RESET.size + len(data), 0, len(group_fds)) + data)

    def low_power_entry(self):
        self.feature(VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, b"")

    def low_power_exit(self):
        self.feature(VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_LOW_POWER_EXIT, b"")

    def log_start(self, ranges, page_size=PAGE):
        """DMA logging of [(iova, size)]; answers the page size the driver chose."""
        packed = ctypes.create_string_buffer(b"".join(struct.pack("=QQ", *r) for r in ranges))
        data = self.feature(VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
                            _LOG_CONTROL.pack(page_size, len(ranges), 0, ctypes.addressof(packed)))
        return _LOG_CONTROL.unpack(data)[0]

    def log_stop(self):
        self.feature(VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP, b"")

    def log_report(self, iova, size, page_size=PAGE):
        """The IOVAs of dirty pages. Debian's kernel 6.12 answers EOPNOTSUPP: it is built without IOVA bitmaps."""
        bitmap = ctypes.create_string_buffer((size // page_size + 63) // 64 * 8)
        self.feature(VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT,
                     _LOG_REPORT.pack(iova, size, page_size, ctypes.addressof(bitmap)))
        bits = int.from_bytes(bitmap.raw[:-1], "little")
        return [iova + n * page_size for n in range(size // page_size) if bits >> n & 1]

    def ioeventfd(self, bar, offset, value, size=4):
        """An eventfd that makes the kernel write the value to the BAR when it is signalled."""
        eventfd = os.eventfd(0)
        fcntl.ioctl(self.fd, VFIO_DEVICE_IOEVENTFD, _IOEVENTFD.pack(
            _IOEVENTFD.size, size, (bar << vfio.REGION_SHIFT) | offset, value, eventfd, 0))
        return eventfd


class Edu(PciDevice):
    """QEMU's edu: BAR0 of 1 MiB, one MSI vector, a DMA engine with 4 KiB of its own memory."""
    LIVENESS, RAISE, ACKNOWLEDGE = 0x04, 0x60, 0x64
    DMA_SOURCE, DMA_DESTINATION, DMA_COUNT, DMA_COMMAND = 0x80, 0x88, 0x90, 0x98
    BUFFER = 0x40000
    START, TO_MEMORY, INTERRUPT = 1, 2, 4  # in DMA_COMMAND

    def peek(self, register, size=4):
        return int.from_bytes(self.read(0, register, size), "little")

    def poke(self, register, value, size=4):
        self.write(0, register, value.to_bytes(size, "little"))

    def raise_interrupt(self, bits=1):
        """Beware: without MSI this is a level on a shared line that nobody lowers."""
        self.poke(self.RAISE, bits)

    def dma(self, iova, count, to_memory, interrupt=False):
        """Starts a transfer between its buffer and memory; it takes 100 ms."""
        source, destination = (self.BUFFER, iova) if to_memory else (iova, self.BUFFER)
        for register, value in ((self.DMA_SOURCE, source), (self.DMA_DESTINATION, destination),
                                (self.DMA_COUNT, count)):
            self.poke(register, value, 8)
        self.poke(self.DMA_COMMAND,
                  self.START | (self.TO_MEMORY if to_memory else 0) | (self.INTERRUPT if interrupt else 0), 8)

    def dma_wait(self):
        while self.peek(self.DMA_COMMAND, 8) & self.START:
            pass


def open_device(container, sysfs, kind=Edu):
    """Of any PCI device; only edu has edu's registers, of course."""
    return vfio.open_device(container, sysfs, kind)
