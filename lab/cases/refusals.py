#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# lab/vm: --timeout=600
"""What cannot work is said, with what to do and the exit code for it; a full disk is survived."""
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import mdev, vfio  # noqa: E402
from guest.agent import MIGWATCH, Agent  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.vfio import State  # noqa: E402

PARTIAL = {"iommu-fault", "mdev-interrupts"}
NONE = {"iommufd", "irq-bypass", "vcpu-entry"}
RUN = [MIGWATCH, "run", "--web.listen-address=127.0.0.1:9642"]


def refused(case, what, command, code, words, **how):
    """The command ends with the code, says the words, and shows no stack trace."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=200, **how)
    text = done.stdout.decode()
    found = bool(re.search(words, text, re.S)) and not re.search(r"^\s+at .*\.js:\d+", text, re.M)
    if not case.expect(what, (done.returncode, found), (code, True)):
        print(text)


def mounted(over, source, *command):
    """The command in a mount namespace of its own, with a file or folder over another."""
    return ["unshare", "-m", "sh", "-c", f'mount --bind {source} {over} && exec "$@"', "sh", *command]


def usage(case):
    refused(case, "unknown flag", [MIGWATCH, "run", "--frobnicate"], 2, "frobnicate")
    refused(case, "unknown command", [MIGWATCH, "frobnicate"], 2, "frobnicate")
    refused(case, "wrong profile", [*RUN, "--profile=x"], 2, "profile.*uapi")
    refused(case, "wrong ring size", [*RUN, "--ring.crit-kib=3"], 2, "ring.crit-kib.*power of two")
    refused(case, "no such trace", [MIGWATCH, "replay", "/nowhere"], 2, "/nowhere")
    refused(case, "not a trace", [MIGWATCH, "print", "/etc/passwd"], 2, "/etc/passwd.*not a migwatch")
    refused(case, "unknown rule", [MIGWATCH, "rules", "x"], 2, "no rule is called x")


def host(case):
    refused(case, "no privilege", RUN, 77, "CAP_BPF.*root", user=65534)
    Path("/tmp/none").mkdir()
    refused(case, "no BTF", mounted("/sys/kernel/btf", "/tmp/none", *RUN), 78, "BTF.*CONFIG_DEBUG_INFO_BTF")
    Path("/tmp/kallsyms").write_text("".join(
        line for line in Path("/proc/kallsyms").open() if "vfio" not in line))
    refused(case, "no VFIO symbols", mounted("/proc/kallsyms", "/tmp/kallsyms", *RUN), 78, "VFIO is loaded.*kallsyms")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"--web.listen-address=127.0.0.1:{taken.getsockname()[1]}"
        refused(case, "port in use", [MIGWATCH, "run", address], 1, "in use")
    refused(case, "unwritable violations file", [*RUN, "--violations.file=/proc/nowhere/v"], 1, "/proc/nowhere/v")
    done = subprocess.run([MIGWATCH, "check"], stdout=subprocess.PIPE)
    print(done.stdout.decode(), end="")
    levels = {fact.decode(): level.decode() for fact, level, *_ in map(bytes.split, done.stdout.splitlines())}
    # 3: some facts are never complete. This kernel has no iommufd, and kvm is not loaded.
    case.expect("check", (done.returncode, levels["migration-state"]), (3, "complete"))
    for level, facts in (("partial", PARTIAL), ("none", NONE)):
        case.expect(level, {fact for fact, of in levels.items() if of == level}, facts)


def full_disk(case):
    Path("/tmp/small").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", "/tmp/small"], check=True)
    Path("/tmp/small/fill").write_bytes(bytes(60 << 10))
    agent = Agent(flags=["--violations.file=/tmp/small/v"], trace=False, port=9643)
    container = vfio.Container()
    device = vfio.open_device(container, mdev.sysfs(mdev.SOURCE))
    for _ in range(8):
        os.close(device.set_state(State.STOP_COPY))
        device.write(0, 7, b"\0")
        device.set_state(State.RUNNING)
    agent.settled()
    agent.wait_log("violations.file|ENOSPC")
    now = agent.metrics()
    case.expect("writes that failed are counted", now['migwatch_export_errors_total{sink="violations_file"}'] > 0, True)
    case.expect("watching goes on", now['migwatch_violations_total{rule="mmio-rw-while-halted",severity="critical"}'], 8)
    case.expect("state", agent.state(mdev.SOURCE), "RUNNING")
    device.close()
    container.close()
    case.expect("exit code", agent.stop(), 0)
    case.expect("said once", len(re.findall("ENOSPC", agent.log)), 1)


def full_trace_disk(case):
    """The trace stops when its disk is full, watching does not; with room again it goes on, and says what it lacks."""
    small = Path("/tmp/traces")
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", small], check=True)
    (small / "fill").write_bytes(bytes((4 << 20) - (52 << 10)))
    agent = Agent(flags=[f"--trace.dir={small}", "--trace.free-mib=0", "--trace.segment-mib=1", "--flight.memory-mib=0"],
                  trace=False, port=9644)
    container = vfio.Container()
    device = vfio.open_device(container, mdev.sysfs(mdev.SOURCE))

    def change_until(said):
        deadline = time.monotonic() + 60
        while said not in agent.log and time.monotonic() < deadline:
            device.set_state(State.STOP)
            device.set_state(State.RUNNING)
            agent.poll_log(0.01)
        return said in agent.log

    case.expect("a full disk is said", change_until("trace cannot be written"), True)
    (small / "fill").unlink()
    change_until("trace is written again")
    case.expect("the trace goes on", "trace is written again" in agent.log, True)
    case.expect("what is missing is counted", agent.metrics()['migwatch_export_queue_dropped_total{sink="trace"}'] > 0, True)
    device.close()
    container.close()
    agent.settled()
    case.expect("exit code", agent.stop(), 0)
    done = subprocess.run([MIGWATCH, "replay", next(small.glob("migwatch-*"))], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    print(done.stderr.decode(), end="")
    case.expect("replay says what is missing", b"records were lost" in done.stderr, True)


def lockdown(case):
    """Last: there is no way back."""
    subprocess.run(["mount", "-t", "securityfs", "none", "/sys/kernel/security"], check=False)
    Path("/sys/kernel/security/lockdown").write_text("confidentiality")
    refused(case, "lockdown", RUN, 78, "locked down.*integrity")


def main():
    case = Case()
    mdev.load()
    mdev.create(mdev.SOURCE)
    usage(case)
    host(case)
    full_disk(case)
    full_trace_disk(case)
    lockdown(case)
    case.end()


main()
