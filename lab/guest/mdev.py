# SPDX-License-Identifier: Apache-2.0
"""The mtty mediated devices: loading the modules, creating and removing devices."""
import subprocess
from pathlib import Path

# Fixed, so that two runs of a case write the same names.
SOURCE = "5a5a0001-0000-4000-8000-000000000001"
DESTINATION = "5a5a0002-0000-4000-8000-000000000002"

MODULES = ("vfio_iommu_type1", "vfio_pci", "mtty")
TYPES = Path("/sys/class/mdev_bus/mtty/mdev_supported_types")


def load(modules=MODULES):
    """Not done at boot: some cases start the agent first."""
    for module in modules:
        subprocess.run(["modprobe", module], check=True)


def sysfs(uuid):
    return f"/sys/bus/mdev/devices/{uuid}"


def create(uuid, ports=1):
    """A serial card of one or two ports; answers its sysfs directory."""
    (TYPES / f"mtty-{ports}" / "create").write_text(uuid)
    return sysfs(uuid)


def remove(uuid):
    (Path(sysfs(uuid)) / "remove").write_text("1")
