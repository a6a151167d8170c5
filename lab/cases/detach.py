#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# lab/vm: --device edu,addr=02.0
"""Modules that are watched cannot be unloaded. SIGUSR1: the agent lets go of them, and says so; SIGUSR2: it watches again."""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import mdev, pci, pci_client, vfio  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.vfio import State  # noqa: E402

DEVICE = "0000:00:02.0"
MODULES = ("edu_vfio", "mtty")
PROBES = (("vfio_df_open", "fexit"), ("mtty_save_read", "fexit"), ("mtty", "data"), ("edu_odd_pull", "fexit"), ("edu_odd_push", "fexit"))


def rmmod(module):
    return subprocess.run(["rmmod", module], stderr=subprocess.DEVNULL).returncode == 0


def released(module, timeout=120):
    """The kernel frees a program, and with it its hold on the module, some time after its last user has gone."""
    deadline = time.monotonic() + timeout
    while Path(f"/sys/module/{module}/refcnt").read_text().strip() != "0" and time.monotonic() < deadline:
        pass


def attached(agent):
    now = agent.metrics()
    return [now.get(f'migwatch_probe_attached{{probe="{name}",kind="{kind}"}}') for name, kind in PROBES]


def level(agent, fact):
    series = 'migwatch_coverage{fact="%s",level="%s"}'
    now = agent.metrics()
    return [each for each in ("complete", "partial", "none") if now.get(series % (fact, each)) == 1]


def bytes_saved(agent):
    agent.settled()
    return int(agent.metrics().get(f'migwatch_migration_data_bytes_total{{device="{DEVICE}",direction="save"}}', 0))


def save(device):
    """A session; answers its bytes."""
    data_fd = device.set_state(State.STOP_COPY)
    size = len(vfio.read_data(data_fd))
    os.close(data_fd)
    device.set_state(State.RUNNING)
    return size


def load(agent, device):
    """A session that resumes; its bytes, and those that the agent counts for it."""
    series = f'migwatch_migration_data_bytes_total{{device="{DEVICE}",direction="resume"}}'
    data_fd = device.set_state(State.STOP_COPY)
    data = vfio.read_data(data_fd)
    os.close(data_fd)
    agent.settled()
    before = int(agent.metrics().get(series, 0))
    device.set_state(State.RUNNING)
    data_fd = device.set_state(State.RESUMING)
    vfio.write_data(data_fd, data)
    device.set_state(State.RUNNING)
    os.close(data_fd)
    agent.settled()
    return len(data), int(agent.metrics()[series]) - before


def main():
    case = Case()
    pci.edus(1, odd_names=1)
    mdev.load()
    agent = Agent()
    container = vfio.Container()
    device = pci_client.open_device(container, pci.sysfs(DEVICE))
    agent.find_odd_functions(device)
    size = save(device)
    before = bytes_saved(agent)
    case.expect("a session is seen", before >= size > 0, True)
    loaded = load(agent, device)
    case.expect("and one the other way, each byte once", loaded, (48, 48))
    for each in (device, container):
        each.close()
    pci.unbind(DEVICE)
    agent.settled()
    case.expect("attached", attached(agent), [1] * len(PROBES))
    case.expect("rmmod while watched", [rmmod(m) for m in MODULES], [False] * len(MODULES))

    agent.process.send_signal(signal.SIGUSR1)
    agent.wait_log("detached: nothing is watched")
    case.expect("attached after SIGUSR1", attached(agent), [0] * len(PROBES))
    case.expect("coverage", [level(agent, fact) for fact in ("migration-state", "set-irqs", "p2p-map")], [["none"]] * 3)
    for module in MODULES:
        released(module)
    case.expect("rmmod", [rmmod(m) for m in MODULES], [True] * len(MODULES))
    pci.edus(1, odd_names=1)
    mdev.load()
    counters = agent.settled()
    container = vfio.Container()
    device = pci_client.open_device(container, pci.sysfs(DEVICE))
    save(device)
    device.set_state(State.STOP)
    case.expect("nothing is recorded", agent.settled(), counters)
    case.expect("devices", agent.devices(), {})

    said = len(agent.log)
    agent.process.send_signal(signal.SIGUSR2)
    agent.wait_log("edu_odd_pull", timeout=120, since=said)
    agent.settled()
    case.expect("attached after SIGUSR2", attached(agent), [1] * len(PROBES))
    case.expect("coverage", level(agent, "migration-state"), ["complete"])
    case.expect("the state that was missed", agent.state(DEVICE), "STOP")
    device.set_state(State.RUNNING)
    before = bytes_saved(agent)
    size = save(device)
    case.expect("a session is seen again, all of it", bytes_saved(agent) - before, size)
    case.expect("state", agent.state(DEVICE), "RUNNING")
    for each in (device, container):
        each.close()
    agent.settled()
    case.expect("what could not be seen is said", sorted({(v["rule"], v["reason"], v["severity"]) for v in
                agent.violations() if v["rule"] == "observability-gap"}),
                [("observability-gap", "detached", "info"), ("observability-gap", f"late-{DEVICE}", "info")])
    case.rules(agent, [])
    case.finish(agent)
    case.end()


main()
