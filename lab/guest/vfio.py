# SPDX-License-Identifier: Apache-2.0
"""A VFIO client on raw ioctls, for doing what no well-behaved VMM does.

Nothing here checks whether a call is allowed in the device's state; what the kernel says comes
back as an OSError. The numbers are those of the uAPI, <linux/vfio.h>.

Beware: on Linux 6.12 asking for STOP_COPY -> PRE_COPY or PRE_COPY_P2P never returns (mtty loops in the
kernel). To be refused, ask for State.ERROR: that is EINVAL.
"""
import ctypes
import errno
import fcntl
import mmap
import os
import struct
from enum import IntEnum


def ioctl_number(n):
    return (ord(";") << 8) + 100 + n  # _IO(VFIO_TYPE, VFIO_BASE + n)


VFIO_SET_IOMMU = ioctl_number(2)
VFIO_GROUP_SET_CONTAINER = ioctl_number(4)
VFIO_GROUP_UNSET_CONTAINER = ioctl_number(5)
VFIO_GROUP_GET_DEVICE_FD = ioctl_number(6)
VFIO_DEVICE_GET_INFO = ioctl_number(7)
VFIO_DEVICE_GET_REGION_INFO = ioctl_number(8)
VFIO_DEVICE_SET_IRQS = ioctl_number(10)
VFIO_DEVICE_RESET = ioctl_number(11)
VFIO_IOMMU_MAP_DMA = ioctl_number(13)
VFIO_IOMMU_UNMAP_DMA = ioctl_number(14)
VFIO_DEVICE_FEATURE = ioctl_number(17)
VFIO_IOMMU_DIRTY_PAGES = ioctl_number(17)
VFIO_MIG_GET_PRECOPY_INFO = ioctl_number(21)

VFIO_TYPE1v2_IOMMU = 3

VFIO_DEVICE_FEATURE_GET = 1 << 16
VFIO_DEVICE_FEATURE_SET = 1 << 17
VFIO_DEVICE_FEATURE_MIGRATION = 1
VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE = 2

VFIO_IRQ_SET_DATA_NONE = 1 << 0
VFIO_IRQ_SET_DATA_EVENTFD = 1 << 2
VFIO_IRQ_SET_ACTION_TRIGGER = 1 << 5
VFIO_PCI_INTX_IRQ_INDEX = 0
VFIO_PCI_MSI_IRQ_INDEX = 1

VFIO_PCI_BAR0_REGION_INDEX = 0
VFIO_PCI_CONFIG_REGION_INDEX = 7
REGION_SHIFT = 40  # of the region's index in a device fd's offset: vfio-pci's and mtty's choice

VFIO_IOMMU_DIRTY_PAGES_FLAG_START = 1 << 0
VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP = 1 << 1
VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP = 1 << 2

VFIO_DMA_MAP_FLAG_READ = 1 << 0
VFIO_DMA_MAP_FLAG_WRITE = 1 << 1
VFIO_DMA_UNMAP_FLAG_ALL = 1 << 1

_FEATURE = struct.Struct("=II")          # argsz flags
_MIG_STATE = struct.Struct("=Ii")        # device_state data_fd
_REGION = struct.Struct("=IIIIQQ")       # argsz flags index cap_offset size offset
_INFO = struct.Struct("=IIIIII")         # argsz flags num_regions num_irqs cap_offset pad
_IRQ_SET = struct.Struct("=IIIII")       # argsz flags index start count
_MAP = struct.Struct("=IIQQQ")           # argsz flags vaddr iova size
_UNMAP = struct.Struct("=IIQQ")          # argsz flags iova size
_DIRTY = struct.Struct("=II")            # argsz flags
_DIRTY_GET = struct.Struct("=QQQQQ")     # iova size, of a bitmap: page_size size address
_PRECOPY = struct.Struct("=IIQQ")        # argsz flags initial_bytes dirty_bytes


class State(IntEnum):
    ERROR = 0
    STOP = 1
    RUNNING = 2
    STOP_COPY = 3
    RESUMING = 4
    RUNNING_P2P = 5
    PRE_COPY = 6
    PRE_COPY_P2P = 7


class Container:
    """One IOMMU address space (type1). The type is set when the first group comes in."""

    def __init__(self):
        self.fd = os.open("/dev/vfio/vfio", os.O_RDWR)
        self.groups = {}

    def add_group(self, number):
        """The group's fd. It can be opened once, however many of its devices are."""
        if number not in self.groups:
            group = os.open(f"/dev/vfio/{number}", os.O_RDWR)
            fcntl.ioctl(group, VFIO_GROUP_SET_CONTAINER, struct.pack("i", self.fd))
            if not self.groups:
                fcntl.ioctl(self.fd, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU)
            self.groups[number] = group
        return self.groups[number]

    def map_dma(self, address, iova, size, flags=VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE):
        fcntl.ioctl(self.fd, VFIO_IOMMU_MAP_DMA, _MAP.pack(_MAP.size, flags, address, iova, size))

    def remove_group(self, number):
        """None of its devices may be open. With the last group go the mappings."""
        group = self.groups.pop(number)
        fcntl.ioctl(group, VFIO_GROUP_UNSET_CONTAINER)
        os.close(group)

    def unmap_dma(self, iova, size, flags=0):
        """Answers how many bytes the kernel unmapped."""
        request = bytearray(_UNMAP.pack(_UNMAP.size, flags, iova, size))
        fcntl.ioctl(self.fd, VFIO_IOMMU_UNMAP_DMA, request)
        return _UNMAP.unpack(request)[3]

    def unmap_all(self):
        return self.unmap_dma(0, 0, VFIO_DMA_UNMAP_FLAG_ALL)

    def dirty_start(self):
        self._dirty(VFIO_IOMMU_DIRTY_PAGES_FLAG_START)

    def dirty_stop(self):
        self._dirty(VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP)

    def dirty_pages(self, iova, size, page_size=4096):
        """The IOVAs of dirty pages of a range that is mapped. Without a driver that pins: all of them."""
        bitmap = ctypes.create_string_buffer((size // page_size + 63) // 64 * 8)
        self._dirty(VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP, _DIRTY_GET.pack(
            iova, size, page_size, len(bitmap) - len(bitmap) % 8, ctypes.addressof(bitmap)))
        bits = int.from_bytes(bitmap.raw[:-1], "little")
        return [iova + n * page_size for n in range(size // page_size) if bits >> n & 1]

    def _dirty(self, flags, data=b""):
        fcntl.ioctl(self.fd, VFIO_IOMMU_DIRTY_PAGES, _DIRTY.pack(_DIRTY.size + len(data), flags) + data)

    def close(self):
        for fd in [*self.groups.values(), self.fd]:
            os.close(fd)


class Device:
    def __init__(self, fd):
        self.fd = fd

    def info(self):
        """(VFIO_DEVICE_FLAGS_*, number of regions, number of interrupt indexes)"""
        request = bytearray(_INFO.pack(_INFO.size, 0, 0, 0, 0, 0))
        fcntl.ioctl(self.fd, VFIO_DEVICE_GET_INFO, request)
        return _INFO.unpack(request)[1:4]

    def region(self, index):
        """(size, offset in the device fd, VFIO_REGION_INFO_FLAG_*) of a region."""
        request = bytearray(_REGION.pack(_REGION.size, 0, index, 0, 0, 0))
        fcntl.ioctl(self.fd, VFIO_DEVICE_GET_REGION_INFO, request)
        _, flags, _, _, size, offset = _REGION.unpack(request)
        return size, offset, flags

    def read(self, index, offset, count):
        return os.pread(self.fd, count, (index << REGION_SHIFT) | offset)

    def write(self, index, offset, data):
        return os.pwrite(self.fd, data, (index << REGION_SHIFT) | offset)

    def set_irqs(self, index, eventfds):
        """Lets interrupts signal these eventfds; none at all disables the index."""
        kind = VFIO_IRQ_SET_DATA_EVENTFD if eventfds else VFIO_IRQ_SET_DATA_NONE
        data = struct.pack(f"={len(eventfds)}i", *eventfds)
        header = _IRQ_SET.pack(
            _IRQ_SET.size + len(data), kind | VFIO_IRQ_SET_ACTION_TRIGGER, index, 0, len(eventfds))
        fcntl.ioctl(self.fd, VFIO_DEVICE_SET_IRQS, header + data)

    def trigger(self, index):
        """Makes the kernel raise the interrupt, as if the device had."""
        flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER
        fcntl.ioctl(self.fd, VFIO_DEVICE_SET_IRQS, _IRQ_SET.pack(_IRQ_SET.size, flags, index, 0, 1))

    def reset(self):
        fcntl.ioctl(self.fd, VFIO_DEVICE_RESET)

    def feature(self, flags, data):
        """VFIO_DEVICE_FEATURE: `flags` is the feature with GET or SET; answers the data afterwards."""
        request = bytearray(_FEATURE.pack(_FEATURE.size + len(data), flags) + data)
        fcntl.ioctl(self.fd, VFIO_DEVICE_FEATURE, request)
        return bytes(request[_FEATURE.size:])

    def migration_flags(self):
        """VFIO_MIGRATION_STOP_COPY (1), P2P (2), PRE_COPY (4)."""
        return struct.unpack("=Q", self.feature(VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIGRATION, bytes(8)))[0]

    def state(self):
        data = self.feature(VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, _MIG_STATE.pack(0, -1))
        return State(_MIG_STATE.unpack(data)[0])

    def set_state(self, state):
        """Answers the data_fd, or None when the transition gives none."""
        data = self.feature(
            VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, _MIG_STATE.pack(state, -1))
        data_fd = _MIG_STATE.unpack(data)[1]
        return None if data_fd < 0 else data_fd

    def close(self):
        os.close(self.fd)


def open_device(container, sysfs, kind=Device):
    """The device of a sysfs directory, its group added to the container."""
    group = container.add_group(os.path.basename(os.readlink(f"{sysfs}/iommu_group")))
    # Of a mutable buffer fcntl answers the ioctl's return value, of bytes their new content.
    name = bytearray(os.path.basename(sysfs).encode() + b"\0")
    device = kind(fcntl.ioctl(group, VFIO_GROUP_GET_DEVICE_FD, name))
    device.info()  # as every VMM does first; mtty takes no SET_IRQS before
    return device


def read_data(data_fd, chunk=4096):
    """Everything a data_fd has, up to its end of stream."""
    parts = iter(lambda: os.read(data_fd, chunk), b"")
    return b"".join(parts)


def write_data(data_fd, data):
    while data:
        data = data[os.write(data_fd, data):]


def precopy_info(data_fd):
    """(initial_bytes, dirty_bytes) of a data transfer session in PRE_COPY*."""
    request = bytearray(_PRECOPY.pack(_PRECOPY.size, 0, 0, 0))
    fcntl.ioctl(data_fd, VFIO_MIG_GET_PRECOPY_INFO, request)
    return _PRECOPY.unpack(request)[2:]


class Memory:
    """Anonymous memory with a known address, to map for DMA."""

    def __init__(self, size):
        self.bytes = mmap.mmap(-1, size)
        self.size = size
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self.bytes))


def outcome(call, *args):
    """What a call came to, as text for a case's output: its answer, or the name of the error."""
    try:
        return repr(call(*args))
    except OSError as error:
        return errno.errorcode[error.errno]
