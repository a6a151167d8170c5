# SPDX-License-Identifier: Apache-2.0
"""The v1_mdev devices (modules/v1_mdev), and a client of the migration protocol that Linux had before 5.18."""
import struct
import subprocess
from pathlib import Path

from . import vfio
from .mdev import sysfs

MODULES = ("vfio_iommu_type1", "v1_mdev")
TYPE = Path("/sys/class/mdev_bus/v1_mdev/mdev_supported_types/v1_mdev-1")

# device_state
STOP, RUNNING, SAVING, PRE_COPY, RESUMING, ERROR = 0, 1, 2, 3, 4, 6
STATE_BITS = 7

# The registers of struct vfio_device_migration_info.
DEVICE_STATE, PENDING_BYTES, DATA_OFFSET, DATA_SIZE = 0, 8, 16, 24

VFIO_REGION_INFO_FLAG_CAPS = 1 << 3
VFIO_REGION_INFO_CAP_TYPE = 2
MIGRATION = (3, 1)  # VFIO_REGION_TYPE_MIGRATION_DEPRECATED and its subtype
_INFO = struct.Struct("=IIIIQQ")  # argsz flags index cap_offset size offset
_CAP = struct.Struct("=HHI")      # id version next
_TYPE = struct.Struct("=II")      # type subtype


def load():
    for module in MODULES:
        subprocess.run(["modprobe", module], check=True)


def create(uuid):
    """Answers its sysfs directory."""
    (TYPE / "create").write_text(uuid)
    return sysfs(uuid)


class Device(vfio.Device):
    """After find_region() its migration region can be used."""

    region_index = None

    def region_type(self, index):
        """(type, subtype) of a region, or None: asked for twice, as the first answer says how much room it takes."""
        request = bytearray(_INFO.pack(_INFO.size, 0, index, 0, 0, 0))
        vfio.fcntl.ioctl(self.fd, vfio.VFIO_DEVICE_GET_REGION_INFO, request)
        argsz, flags = _INFO.unpack(request)[:2]
        if not flags & VFIO_REGION_INFO_FLAG_CAPS:
            return None
        request = bytearray(_INFO.pack(argsz, 0, index, 0, 0, 0).ljust(argsz, b"\0"))
        vfio.fcntl.ioctl(self.fd, vfio.VFIO_DEVICE_GET_REGION_INFO, request)
        at = _INFO.unpack_from(request)[3]
        while at:
            cap, _, after = _CAP.unpack_from(request, at)
            if cap == VFIO_REGION_INFO_CAP_TYPE:
                return _TYPE.unpack_from(request, at + _CAP.size)
            at = after
        return None

    def find_region(self):
        regions = self.info()[1]
        self.region_index = next(n for n in range(regions) if self.region_type(n) == MIGRATION)
        return self.region_index

    def get(self, register, size=8):
        return int.from_bytes(self.read(self.region_index, register, size), "little")

    def put(self, register, value, size=8):
        self.write(self.region_index, register, value.to_bytes(size, "little"))

    def change(self, bits):
        """device_state as it should be written: read, changed, written."""
        word = self.get(DEVICE_STATE, 4)
        self.put(DEVICE_STATE, word & ~STATE_BITS | bits, 4)

    def save(self):
        """All buffers that there are in this state."""
        buffers = []
        while self.get(PENDING_BYTES):
            offset, size = self.get(DATA_OFFSET), self.get(DATA_SIZE)
            buffers.append(self.read(self.region_index, offset, size))
        return buffers

    def load(self, buffers):
        for data in buffers:
            self.write(self.region_index, self.get(DATA_OFFSET), data)
            self.put(DATA_SIZE, len(data))
