#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What cannot work is said, with what to do and the exit code for it; a full disk is survived."""
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import mdev, vfio  # noqa: E402
from guest.agent import MIGWATCH, Agent  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.vfio import State  # noqa: E402

RUN = [MIGWATCH, "run", "--web.listen-address=127.0.0.1:9642"]


def refused(case, what, command, code, words, **how):
    """The command ends with the code, says the words, and shows no stack trace."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=60, **how)
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
    refused(case, "no such trace", [MIGWATCH, "replay", "/nowhere.mwr"], 2, "/nowhere.mwr")
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
    # 3: the log that IOMMU faults are read from is rate-limited, so that fact is never complete.
    case.expect("check", (done.returncode, b"migration-state  complete" in done.stdout,
                          done.stdout.count(b" partial "), done.stdout.count(b" none ")), (3, True, 1, 0))


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
    case.expect("writes that failed are counted", now["migwatch_violations_file_errors_total"] > 0, True)
    case.expect("watching goes on", now['migwatch_violations_total{rule="mmio-rw-while-halted",severity="critical"}'], 8)
    case.expect("state", agent.state(mdev.SOURCE), "RUNNING")
    device.close()
    container.close()
    case.expect("exit code", agent.stop(), 0)
    case.expect("said once", len(re.findall("ENOSPC", agent.log)), 1)


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
    lockdown(case)
    case.end()


main()
