# SPDX-License-Identifier: Apache-2.0
"""PCIe errors, injected by the kernel's own aer_inject: the port or device reports them as if the bus had."""
import os
import struct
import subprocess

# Uncorrectable, not fatal; correctable (linux/pci_regs.h).
COMPLETION_TIMEOUT, BAD_TLP = 1 << 14, 1 << 6
_INJECTION = struct.Struct("=BBBxIIIIIII")  # bus dev fn uncor_status cor_status header_log[4] domain


def load():
    subprocess.run(["modprobe", "aer_inject"], check=True)


def inject(address, uncorrectable=0, correctable=0):
    """The function of this address, which has to have the AER capability, reports these errors."""
    domain, bus, rest = address.split(":")
    device, function = rest.split(".")
    record = _INJECTION.pack(int(bus, 16), int(device, 16), int(function), uncorrectable, correctable,
                             0, 0, 0, 0, int(domain, 16))
    fd = os.open("/dev/aer_inject", os.O_WRONLY)
    os.write(fd, record)
    os.close(fd)
