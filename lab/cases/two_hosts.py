#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# lab/pair: --device edu,addr=02.0 --memory 1536 --timeout 600 --skew=-3600
"""Two hosts whose clocks are an hour apart: QEMU migrates over TCP, then a client whose stream is cut on the way.

Both agents' traces replayed together: bytes saved are bytes loaded, the downtime has its lower bound, the cut is found.
"""
import json
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import pci, peer, qemu, vfio  # noqa: E402
from guest.agent import MIGWATCH, Agent  # noqa: E402
from guest.case import RESULTS, Case  # noqa: E402
from guest.vfio import State  # noqa: E402

STATE_SIZE = 1 << 20
SKEW_NS = 3600 * 10**9
# Of a migration in emulation, as the agent's configuration has it.
PATIENCE_NS = 20 * 10**9
VM_UUID = "3f0c5c1e-0000-4000-8000-000000000001"
CLIENT_UUID = "3f0c5c1e-0000-4000-8000-000000000002"
MIGRATION_PORT = 4444
CLIENT_PORT = 7001


def client(side):
    """A VMM that loses the second half of the stream: what changed after pre-copy never arrives."""
    container = vfio.Container()
    device = vfio.open_device(container, pci.sysfs(pci.find(pci.EDU)[0]))
    if side == "source":
        data_fd = device.set_state(State.PRE_COPY)
        whole = os.read(data_fd, STATE_SIZE)
        device.set_state(State.STOP_COPY)
        vfio.read_data(data_fd)
        peer.connect(CLIENT_PORT).send_bytes(whole)
        device.set_state(State.STOP)
    else:
        data_fd = device.set_state(State.RESUMING)
        vfio.write_data(data_fd, peer.listen(CLIENT_PORT).receive_bytes())
        device.set_state(State.RUNNING)
    os.close(data_fd)
    device.close()


def run_client(side):
    """A process of its own: its command line is where the agent finds a VM's UUID."""
    return subprocess.run([sys.executable, __file__, "client", side, "-uuid", CLIENT_UUID], check=False).returncode


def destination(case, path):
    other = peer.listen()
    agent = Agent()
    vm = qemu.start("web-1", [path], incoming=True, uuid=VM_UUID)
    other.send(vm.listen(f"tcp:{peer.ADDRESS['destination']}:{MIGRATION_PORT}"))
    case.expect("QEMU's status", vm.wait_migration(120), "completed")
    vm.wait_state("running")
    case.expect("QEMU's exit code", vm.quit(), 0)
    other.send("ran")
    other.receive()
    case.expect("the client's exit code", run_client("destination"), 0)
    agent.settled()
    case.finish(agent)
    other.send_folder(agent.trace())


def source(case, path):
    other = peer.connect()
    agent = Agent()
    vm = qemu.start("web-1", [path], uuid=VM_UUID)
    vm.set_parameters(downtime_limit=20000, max_bandwidth=1 << 30)
    vm.migrate(other.receive())
    case.expect("QEMU's status", vm.wait_migration(120), "completed")
    print(f"     QEMU measured {vm.migration()['downtime']} ms of downtime", flush=True)
    case.expect("the destination", other.receive(), "ran")
    case.expect("QEMU's exit code", vm.quit(), 0)
    other.send("client")
    case.expect("the client's exit code", run_client("source"), 0)
    agent.settled()
    case.finish(agent)
    joined(case, agent, other.receive_folder(RESULTS))


def replay(agent, there, *arguments):
    return subprocess.run([MIGWATCH, "replay", agent.trace(), there, f"--config.file={agent.config}", *arguments],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)


def joined(case, agent, there):
    text = replay(agent, there)
    print(text.stdout + text.stderr, flush=True)
    (RESULTS / "joined.txt").write_text(text.stdout)
    jsonl = replay(agent, there, "--format=jsonl").stdout
    (RESULTS / "joined.jsonl").write_text(jsonl)
    lines = [json.loads(line) for line in jsonl.splitlines()]
    whole, cut = (line for line in lines if line.get("kind") == "migration")
    case.expect("halves without their other", [line for line in lines if line.get("kind") == "half_migration"], [])
    for name, migration, lost in (("QEMU", whole, 0), ("client", cut, STATE_SIZE)):
        [device] = migration["devices"]
        saved, loaded = (device[side]["bytes"] for side in ("source", "destination"))
        case.expect(f"{name}: joined by", migration["joined_by"], "uuid")
        case.expect(f"{name}: bytes saved and not loaded", (saved >= 2 * STATE_SIZE, saved - loaded), (True, lost))
        time = migration["downtime"]
        case.expect(f"{name}: no clock is trusted", migration["clocks"], {"shared": False, "error_ns": None})
        case.expect(f"{name}: the clocks' contradiction is about the skew",
                    abs(time["clocks_wrong_by_ns"] - SKEW_NS) < 60e9, True)
        case.expect(f"{name}: downtime, whatever the clocks say", 0 < time["least_ns"] < PATIENCE_NS, True)
    found = [(line["rule"], line["reason"], line["evidence"].get("missing")) for line in lines
             if line.get("rule") == "stream-truncated"]
    case.expect("the cut", found, [("stream-truncated", "truncated", STATE_SIZE)])
    case.expect("exit code", text.returncode, 1)


def main():
    case = Case()
    [address] = pci.edus(1, state_size=STATE_SIZE)
    {"source": source, "destination": destination}[sys.argv[1]](case, pci.sysfs(address))
    case.end()


if sys.argv[1] == "client":
    client(sys.argv[2])
else:
    main()
