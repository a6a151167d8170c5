#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# lab/vm: --device pcie-root-port,id=one,addr=03.0,chassis=1 --device igb,bus=one
# lab/vm: --device pcie-root-port,id=two,addr=04.0,chassis=2 --device e1000e,bus=two,romfile=
"""PCIe errors of a device that is open, of one that is not, and whom the kernel tells. Injected by aer_inject."""
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import aer, pci, pci_client, vfio  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.kmsg import KernelLog  # noqa: E402

E1000E = "8086:10d3"


def main():
    case = Case()
    aer.load()
    opened, = pci.find(pci.IGB)
    other, = pci.find(E1000E)
    pci.bind(opened, "vfio-pci")
    log = KernelLog()
    agent = Agent()
    container = vfio.Container()
    device = pci_client.open_device(container, pci.sysfs(opened), pci_client.PciDevice)
    port = os.path.basename(os.path.dirname(os.path.realpath(pci.sysfs(opened))))
    # The kernel tries to recover from what is not corrected, and says how that went.
    for address, errors, last in ((opened, {"correctable": aer.BAD_TLP}, f"{opened}: +PCIe Bus Error"),
                                  (opened, {"uncorrectable": aer.COMPLETION_TIMEOUT}, "device recovery"),
                                  (port, {"uncorrectable": aer.COMPLETION_TIMEOUT}, "device recovery"),
                                  (other, {"correctable": aer.BAD_TLP}, f"{other}: +PCIe Bus Error")):
        aer.inject(address, **errors)
        print(f"     {log.wait(last)}", flush=True)
        log.lines.clear()
    agent.settled()
    device.close()
    container.close()
    case.finish(agent)
    text = agent.printed()
    (Path("/results") / "timeline.txt").write_text(text)
    errors = [line for line in text.splitlines() if "PCIe error of" in line]
    for line in errors:
        print(f"     {line}")
    case.expect("whose, and what", [(opened in line.split("PCIe")[0], line.split(" of ")[1]) for line in errors], [
        (True, f"{opened}, status {aer.BAD_TLP:#x}"),
        (True, f"{opened}, status {aer.COMPLETION_TIMEOUT:#x}"),  # that its driver was told is no error of its own
        (False, f"{port}, status {aer.COMPLETION_TIMEOUT:#x}"),
        (True, f"{opened}, status 0x0"),                      # below the port: its driver was told
        (False, f"{other}, status {aer.BAD_TLP:#x}")])
    case.expect("severities", [line.split("PCIe")[0].split()[-1] for line in errors],
                ["correctable", "nonfatal", "nonfatal", "nonfatal", "correctable"])
    case.end()


main()
