#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# lab/vm: --device edu,addr=02.0 --device edu,addr=03.0
"""What the agent sees of BARs: touches of a stopped device, zaps and their causes, peer-to-peer mappings."""
import ctypes
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import pci, pci_client, vfio  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.pci_client import PCI_COMMAND_MEMORY  # noqa: E402
from guest.vfio import State, outcome  # noqa: E402

D0, D1 = "0000:00:02.0", "0000:00:03.0"
RAM, PEER, LATER = 0x100000, 0x1000000, 0x2000000
BAR_BYTES = 1 << 20
PUNCH_HOLE, KEEP_SIZE = 2, 1
SIX_REGIONS = 6 << 40  # what vfio-pci-core unmaps to zap


# Other rules have their say on what is done here too; these are what the case is about.
RULES = {"mmio-fault-while-halted", "mmio-rw-while-halted", "mmio-access-in-p2p-state", "low-power-during-migration",
         "p2p-map-target-halted", "p2p-window-open"}


MAP_BROKEN = 'migwatch_verdicts_total{rule="p2p-map-target-halted",verdict="broken"}'


def found(agent):
    return [v for v in agent.violations() if v["rule"] in RULES]


def brief(agent):
    return [(v["rule"], v["device"], v["reason"], v["severity"]) for v in found(agent)]


def await_finding(agent, rule, timeout=120):
    """Some are judged at the next tick."""
    deadline = time.monotonic() + timeout
    while not (of_rule := [v for v in found(agent) if v["rule"] == rule]) and time.monotonic() < deadline:
        pass
    return of_rule


def metric(agent, name, **labels):
    """None where there is no such series; a device's mappings of its own BARs make none."""
    agent.settled()
    inner = ",".join(f'{key}="{value}"' for key, value in labels.items())
    value = agent.metrics().get(f"migwatch_{name}{{{inner}}}")
    return None if value is None else int(value)


def killed_by(bar):
    """A child touches the BAR as any program would, without asking whether it may."""
    child = os.fork()
    if child == 0:
        ctypes.c_uint32.from_address(bar.address).value
        os._exit(0)
    return -os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def touches(case, agent, device, bar):
    bar.read(0)
    case.expect("touch in RUNNING: recorded", metric(agent, "mmio_faults_total", device=D0, region="0"), None)
    device.set_state(State.STOP)
    device.command(off=PCI_COMMAND_MEMORY)
    case.expect("touch without memory decoding", killed_by(bar), signal.SIGBUS)
    device.command(on=PCI_COMMAND_MEMORY)
    bar.read(0x1000)
    case.expect("faults in STOP", metric(agent, "mmio_faults_total", device=D0, region="0") >= 2, True)
    case.expect("findings", brief(agent), [
        ("mmio-fault-while-halted", D0, "attempted-touch-in-STOP", "info"),
        ("mmio-fault-while-halted", D0, "touch-in-STOP", "warning")])
    refused, mapped = found(agent)
    case.expect("who was refused", refused["event"]["tgid"] not in (0, os.getpid()), True)
    case.expect("who touched", mapped["event"]["tgid"], os.getpid())
    case.expect("where", (mapped["evidence"]["region"], mapped["evidence"]["offset"]), (0, 0x1000))


def zaps(case, agent, device, bar):
    """In STOP at first. The one zap so far: by the config write in touches()."""
    case.expect("zaps", metric(agent, "mmio_zaps_total", device=D0), 1)
    device.low_power_entry()
    device.low_power_exit()
    case.expect("zaps after low power", metric(agent, "mmio_zaps_total", device=D0), 2)
    case.expect("finding", brief(agent)[2:], [("low-power-during-migration", D0, "entry-in-STOP", "info")])
    device.reset()
    case.expect("zaps after a reset", metric(agent, "mmio_zaps_total", device=D0), 3)
    device.enable_msi()
    device.disable_msi()
    with tempfile.NamedTemporaryFile(dir="/tmp") as other:
        other.write(bytes(8192))
        other.flush()
        libc = ctypes.CDLL(None, use_errno=True)
        libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_long, ctypes.c_long]
        case.expect("a hole of the same range in another file",
                    libc.fallocate(other.fileno(), PUNCH_HOLE | KEEP_SIZE, 0, SIX_REGIONS), 0)
        os.ftruncate(other.fileno(), 0)
    bar.unmap()
    case.expect("no zap by MSI set-up, other files, munmap", metric(agent, "mmio_zaps_total", device=D0), 3)
    case.expect("zaps of the other device", metric(agent, "mmio_zaps_total", device=D1), 0)


def peer_mapping(case, agent, container, device, peer):
    """MAP_DMA faults the BAR in: no touch. Its target is halted: info; with a running peer: a window."""
    bar = peer.mmap(0)
    faults = "mmio_faults_total"
    container.map_dma(bar.address, PEER, bar.size)
    case.expect("p2p mappings", [metric(agent, "p2p_mappings", device=d, target=D1) for d in (D0, D1)], [1, None])
    case.expect("mapped bytes", metric(agent, "dma_mapped_bytes", device=D0), BAR_BYTES)
    case.expect("nothing found in RUNNING", brief(agent)[3:], [])
    container.unmap_dma(PEER, bar.size)
    case.expect("p2p mappings after unmap", metric(agent, "p2p_mappings", device=D0, target=D1), 0)
    case.expect("mapped bytes after unmap", metric(agent, "dma_mapped_bytes", device=D0), 0)
    quiet(device, peer)
    peer.command(off=PCI_COMMAND_MEMORY)
    case.expect("MAP_DMA without memory decoding", outcome(container.map_dma, bar.address, PEER, bar.size), "EFAULT")
    case.expect("mapped bytes", metric(agent, "dma_mapped_bytes", device=D0), 0)
    peer.command(on=PCI_COMMAND_MEMORY)
    container.map_dma(bar.address, PEER, bar.size)
    case.expect("prefaults are recorded", metric(agent, faults, device=D1, region="0") >= 1, True)
    case.expect("target halted, peer quiet", brief(agent)[3:], [
        ("p2p-map-target-halted", D1, "mapped", "info")])
    evidence = found(agent)[3]["evidence"]
    case.expect("which", [evidence[key] for key in ("target", "bar", "iova", "size", "running_peers")],
                [D1, 0, hex(PEER), BAR_BYTES, []])
    return bar


def quiet(device, peer):
    """As QEMU does: all quiet, then the stop."""
    for each in (device, peer):
        each.set_state(State.RUNNING_P2P)
    peer.set_state(State.STOP)


def window(case, agent, container, device, peer, bar):
    """The mapping stands, the peer is STOP."""
    data_fd = peer.set_state(State.STOP_COPY)
    tick(agent)
    case.expect("peer quiet: no window", brief(agent)[4:], [])
    device.set_state(State.RUNNING)
    opened = await_finding(agent, "p2p-window-open")
    case.expect("peer RUNNING: a window", [(v["device"], v["reason"], v["severity"]) for v in opened],
                [(D1, f"from-{D0}", "critical")])
    case.expect("which", [opened[0]["evidence"][key] for key in ("from", "from_state", "iova", "bar")],
                [D0, "RUNNING", hex(PEER), 0])
    vfio.read_data(data_fd)
    os.close(data_fd)
    peer.set_state(State.STOP)
    broken = agent.metrics()[MAP_BROKEN]
    container.map_dma(bar.address, LATER, bar.size)
    agent.settled()
    case.expect("mapped while a peer runs: judged", agent.metrics()[MAP_BROKEN] > broken, True)
    case.expect("and explained by the window", brief(agent)[5:], [])
    case.expect("p2p mappings", metric(agent, "p2p_mappings", device=D0, target=D1), 2)
    for iova in (PEER, LATER):
        container.unmap_dma(iova, bar.size)
    case.expect("p2p mappings after both unmaps", metric(agent, "p2p_mappings", device=D0, target=D1), 0)
    peer.set_state(State.RUNNING)


def tick(agent):
    """Waits for a tick: time is judged then."""
    name = 'migwatch_verdicts_total{rule="p2p-window-open",verdict="kept"}'
    before, deadline = agent.metrics()[name], time.monotonic() + 30
    while agent.metrics()[name] == before and time.monotonic() < deadline:
        pass


def by_exit(case, agent, addresses):
    """A process maps, and ends without unmapping."""
    (told, tell), (stay, leave) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(leave)
        container = vfio.Container()
        _, peer = (pci_client.open_device(container, pci.sysfs(a)) for a in addresses)
        memory, bar = vfio.Memory(8192), peer.mmap(0)
        container.map_dma(memory.address, RAM, memory.size)
        container.map_dma(bar.address, PEER, bar.size)
        os.write(tell, b"x")
        os.read(stay, 1)
        os._exit(0)
    os.read(told, 1)
    case.expect("mapped bytes of the child", metric(agent, "dma_mapped_bytes", device=D0), BAR_BYTES + 8192)
    case.expect("its p2p mappings", metric(agent, "p2p_mappings", device=D0, target=D1), 1)
    os.write(leave, b"x")
    os.waitpid(child, 0)
    case.expect("after its exit: devices", (agent.settled() and agent.devices()), {})
    case.expect("mapped bytes", metric(agent, "dma_mapped_bytes", device=D0) or 0, 0)
    case.expect("p2p mappings", metric(agent, "p2p_mappings", device=D0, target=D1) or 0, 0)


def timeline(case, text):
    lines = [line[line.index("0000:") if "0000:" in line else 17:] for line in text.splitlines()]
    count = {what: sum(what in line for line in lines) for what in (
        "BARs zapped (config)", "BARs zapped (low-power)", "BARs zapped (reset)", "memory decoding forced on",
        "(MAP_DMA, no touch)", "... is BAR 0+0x0 of device #", f"mapping gone: iova {PEER:#x} 1.0 MiB",
        f"mapping gone: iova {LATER:#x} 1.0 MiB", "mapping gone: iova 0x100000 8.0 KiB")}
    for what, seen in count.items():
        print(f"     {seen} x {what}")
    case.expect("each was printed", [what for what, seen in count.items() if not seen], [])


def main():
    case = Case()
    addresses = pci.edus(2)
    agent = Agent()
    container = vfio.Container()
    device, peer = (pci_client.open_device(container, pci.sysfs(a)) for a in addresses)
    bar = device.mmap(0)
    touches(case, agent, device, bar)
    zaps(case, agent, device, bar)
    bar = peer_mapping(case, agent, container, device, peer)
    window(case, agent, container, device, peer, bar)
    bar.unmap()
    for each in (device, peer, container):
        each.close()
    by_exit(case, agent, addresses)
    case.expect("findings", len(found(agent)), 5)
    case.finish(agent)
    text = agent.printed()
    (Path("/results") / "timeline.txt").write_text(text)
    timeline(case, text)
    case.end()


main()
