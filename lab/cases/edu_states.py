#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# lab/vm: --device edu,addr=02.0 --device edu,addr=03.0
"""The edu_vfio fixture: all states with data from one device to another, and each way its states can lie."""
import errno
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import pci, pci_client, vfio  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.vfio import State, outcome  # noqa: E402

STATE_SIZE = 100000
MARK = 0x12345678


def walk(case, source, destination):
    source.poke(source.LIVENESS, MARK)
    before = source.peek(source.LIVENESS)
    save = source.set_state(State.PRE_COPY)
    case.expect("precopy info", vfio.precopy_info(save), (STATE_SIZE, 0))
    first = os.read(save, STATE_SIZE // 2)
    case.expect("precopy info, half read", vfio.precopy_info(save), (STATE_SIZE // 2, 0))
    first += os.read(save, STATE_SIZE)
    case.expect("read at the end of pre-copy", outcome(os.read, save, 1), "ENOMSG")
    case.expect("no new data fd", [source.set_state(s) for s in (State.PRE_COPY_P2P, State.STOP_COPY)], [None, None])
    data = first + vfio.read_data(save)
    case.expect("bytes saved", len(data), 2 * STATE_SIZE)
    case.expect("precopy info in STOP_COPY", outcome(vfio.precopy_info, save), "EINVAL")
    source.set_state(State.STOP)
    case.expect("read after the session", outcome(os.read, save, 1), "ENODEV")
    resume = destination.set_state(State.RESUMING)
    vfio.write_data(resume, data)
    case.expect("states", (source.state().name, destination.state().name), ("STOP", "RESUMING"))
    destination.set_state(State.RUNNING)
    case.expect("write after the session", outcome(os.write, resume, data), "ENODEV")
    case.expect("the destination's register", destination.peek(destination.LIVENESS), before)
    os.close(save)
    os.close(resume)
    source.set_state(State.RUNNING)


def loads(case, device, address):
    """What RESUMING -> STOP says to data that is bad, incomplete or missing."""
    resume = device.set_state(State.RESUMING)
    case.expect("not our data", outcome(os.write, resume, bytes(64)), "EINVAL")
    device.reset()
    os.close(resume)
    save = device.set_state(State.STOP_COPY)
    data = vfio.read_data(save)
    os.close(save)
    resume = device.set_state(State.RESUMING)
    os.write(resume, data[:-1])
    case.expect("half the data", outcome(device.set_state, State.RUNNING), "EINVAL")
    case.expect("state", device.state().name, "RESUMING")
    os.write(resume, data[-1:])
    case.expect("all of it", outcome(device.set_state, State.RUNNING), "None")
    os.close(resume)
    for accept, wanted in ((1, "None"), (0, "EINVAL")):
        pci.switch(address, "accept_empty_resume", accept)
        os.close(device.set_state(State.RESUMING))
        case.expect(f"no data, accept_empty_resume={accept}", outcome(device.set_state, State.RUNNING), wanted)
    pci.switch(address, "accept_empty_resume", 1)
    device.reset()
    case.expect("state after a reset", device.state().name, "RUNNING")


def failures(case, device, address):
    pci.switch(address, "fail_arc", "RUNNING_P2P:STOP:5:once")
    case.expect("fail_arc once", outcome(device.set_state, State.STOP), "EIO")
    case.expect("state: half way", device.state().name, "RUNNING_P2P")
    case.expect("fail_arc the second time", outcome(device.set_state, State.STOP), "None")
    pci.switch(address, "fail_arc", "STOP:RUNNING_P2P:16")
    case.expect("fail_arc always", [outcome(device.set_state, State.RUNNING) for _ in range(2)], ["EBUSY"] * 2)
    pci.switch(address, "error_on_fail", 1)
    case.expect("error_on_fail", outcome(device.set_state, State.RUNNING), "EBUSY")
    case.expect("state", device.state().name, "ERROR")
    pci.switch(address, "fail_arc", "none")
    case.expect("out of ERROR by the FSM", outcome(device.set_state, State.RUNNING), "EIO")
    device.reset()
    case.expect("out of ERROR by a reset", device.state().name, "RUNNING")
    pci.switch(address, "error_on_fail", 0)
    for bad in ("STOP", "STOP:NOWHERE:5", "STOP:RUNNING:-5", "STOP:RUNNING:5:twice"):
        case.expect(f"fail_arc {bad}", outcome(pci.switch, address, "fail_arc", bad), "EINVAL")


def lies(case, device, address):
    pci.switch(address, "land_elsewhere", "RUNNING_P2P")
    case.expect("land_elsewhere on the way", outcome(device.set_state, State.STOP), "None")
    case.expect("state", device.state().name, "RUNNING_P2P")
    pci.switch(address, "land_elsewhere", "RUNNING")
    case.expect("land_elsewhere off the way", outcome(device.set_state, State.STOP), "None")
    case.expect("state", device.state().name, "RUNNING")
    device.set_state(State.STOP)
    case.expect("once only", device.state().name, "STOP")
    pci.switch(address, "async_state", "RUNNING")
    case.expect("async_state", device.state().name, "RUNNING")
    save = device.set_state(State.STOP_COPY)
    for value in (-errno.ENOMSG, -errno.EIO):
        pci.switch(address, "read_returns", value)
        case.expect(f"read_returns {value}", outcome(os.read, save, 1), errno.errorcode[-value])
    pci.switch(address, "read_returns", 0)
    case.expect("read_returns 0: an early end", vfio.read_data(save), b"")
    pci.switch(address, "read_returns", 1)
    case.expect("read_returns 1: the truth", len(vfio.read_data(save)), STATE_SIZE)
    os.close(save)
    device.set_state(State.RUNNING)
    pci.switch(address, "stall_ms", 300)
    began = time.monotonic()
    device.set_state(State.STOP)
    case.expect("stall_ms, two arcs", 0.6 <= time.monotonic() - began < 5, True)
    pci.switch(address, "stall_ms", 0)
    device.set_state(State.RUNNING)


def fewer_flags(case, address):
    """Of the module's parameters; they hold for devices bound from then on."""
    pci.unbind(address)
    pci.edus(2, flags=1, log_dma="N")
    container = vfio.Container()
    device = pci_client.open_device(container, pci.sysfs(address))
    case.expect("flags", device.migration_flags(), 1)
    case.expect("PRE_COPY", outcome(device.set_state, State.PRE_COPY), "EINVAL")
    case.expect("RUNNING_P2P", outcome(device.set_state, State.RUNNING_P2P), "EINVAL")
    case.expect("STOP", outcome(device.set_state, State.STOP), "None")
    case.expect("no DMA logging", outcome(device.log_start, [(0, 1 << 20)]), "ENOTTY")
    device.close()
    container.close()


def logging(case, device):
    case.expect("logging starts", outcome(device.log_start, [(0, 1 << 20)]), "4096")
    case.expect("logging starts twice", outcome(device.log_start, [(0, 1 << 20)]), "EINVAL")
    # Debian's kernel has no IOVA bitmaps and says so before it asks a driver.
    case.expect("logging reports", outcome(device.log_report, 0, 1 << 20), "ENOTSUP")
    case.expect("logging stops", outcome(device.log_stop), "None")


def main():
    case = Case()
    addresses = pci.edus(2, flags=7, state_size=STATE_SIZE)
    container = vfio.Container()
    source, destination = (pci_client.open_device(container, pci.sysfs(a)) for a in addresses)
    case.expect("flags", source.migration_flags(), 7)
    walk(case, source, destination)
    loads(case, destination, addresses[1])
    failures(case, source, addresses[0])
    lies(case, source, addresses[0])
    logging(case, source)
    save = source.set_state(State.STOP_COPY)
    case.expect("the data fd's name", os.readlink(f"/proc/self/fd/{save}"), "anon_inode:edu_vfio_mig")
    for device in (source, destination):
        device.close()
    case.expect("read of a closed device", outcome(os.read, save, 1), "ENODEV")
    os.close(save)
    container.close()
    fewer_flags(case, addresses[0])
    case.end()


main()
