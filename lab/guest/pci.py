# SPDX-License-Identifier: Apache-2.0
"""PCI devices of the guest: which are there, who drives them, virtual functions."""
import os
import subprocess
from pathlib import Path

EDU = "1234:11e8"
IGB = "8086:10c9"
IGB_VF = "8086:10ca"

DEVICES = Path("/sys/bus/pci/devices")


def sysfs(address):
    return str(DEVICES / address)


def find(what):
    """Addresses of all devices with this vendor:device, or of the one with this address, short or long."""
    if what.count(":") == 1 and "." not in what:
        return [d.name for d in sorted(DEVICES.iterdir()) if _ids(d) == what.lower()]
    return [d.name for d in DEVICES.iterdir() if d.name in (what, f"0000:{what}")]


def _ids(device):
    return ":".join((device / name).read_text().strip().removeprefix("0x") for name in ("vendor", "device"))


def group(address):
    """The number of the IOMMU group, as text."""
    return os.path.basename(os.readlink(DEVICES / address / "iommu_group"))


def driver(address):
    link = DEVICES / address / "driver"
    return os.path.basename(os.readlink(link)) if link.exists() else None


def bind(address, name):
    """Gives the device to this driver (vfio-pci, edu_vfio), whoever has it now."""
    for module in ("vfio_iommu_type1", name):
        subprocess.run(["modprobe", module], check=True)
    device = DEVICES / address
    (device / "driver_override").write_text(name)
    unbind(address)
    Path("/sys/bus/pci/drivers_probe").write_text(address)
    if driver(address) != name:
        raise OSError(f"{address}: driver is {driver(address)}, not {name}; see dmesg")


def unbind(address):
    if driver(address):
        (DEVICES / address / "driver" / "unbind").write_text(address)


def edus(count, **parameters):
    """The first edu devices of the VM, in edu_vfio's hands; parameters of the module hold for these devices."""
    subprocess.run(["modprobe", "edu_vfio"], check=True)
    for name, value in parameters.items():
        Path(f"/sys/module/edu_vfio/parameters/{name}").write_text(str(value))
    found = find(EDU)[:count]
    if len(found) < count:
        raise OSError(f"the VM has {len(found)} edu devices, not {count}: boot it with lab/vm --device edu,addr=02.0")
    for address in found:
        bind(address, "edu_vfio")
    return found


def switch(address, name, value):
    """Makes edu_vfio's device misbehave; lab/README.md has the switches."""
    (DEVICES / address / "edu_vfio" / name).write_text(str(value))


def enable_vfs(address, count):
    """SR-IOV virtual functions of an igb; answers their addresses."""
    subprocess.run(["modprobe", "igb"], check=True)
    (DEVICES / address / "sriov_numvfs").write_text(str(count))
    return sorted(os.path.basename(os.readlink(link)) for link in (DEVICES / address).glob("virtfn*"))
