#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the probes add to VFIO calls, in guest instructions: QEMU counts one ns an instruction, so runs repeat.

The consumers (agent, bpftrace) are stopped while it is measured: this is the kernel's side alone. What the
agent then does with a record is measured at the end, as its own CPU time.
"""
import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from calls import BENCH, measure, open_edu, region_read, vcpu  # noqa: E402
from guest import kvm, mdev, vfio  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.vfio import State  # noqa: E402

COUNT = """
kprobe:vfio_device_fops_unl_ioctl { @n[arg1] = count(); } kretprobe:vfio_device_fops_unl_ioctl { @r[retval] = count(); }
kprobe:vfio_device_fops_read { @n[arg2] = count(); } kretprobe:vfio_device_fops_read { @r[retval] = count(); }
kprobe:vfio_pci_mmap_huge_fault { @n[arg1] = count(); } kretprobe:vfio_pci_mmap_huge_fault { @r[retval] = count(); }
kprobe:vfio_msihandler { @n[arg0] = count(); }
"""
# The fields of our records of the same calls.
PRINT = """
kprobe:vfio_device_fops_unl_ioctl /arg1 == 0x3b6e/ { @a[tid] = arg2; @f[tid] = arg0; }
kretprobe:vfio_device_fops_unl_ioctl /@a[tid]/ {
  $s = @a[tid];
  printf("%llu %d %d %llx %d %d %d %d %d\\n", nsecs, pid, tid, @f[tid], *(uint32 *)uptr($s + 4), *(uint32 *)uptr($s + 8),
         *(uint32 *)uptr($s + 12), *(uint32 *)uptr($s + 16), retval);
  delete(@a[tid]); delete(@f[tid]);
}
kprobe:vfio_device_fops_read { @g[tid] = arg0; @c[tid] = arg2; @p[tid] = arg3; }
kretprobe:vfio_device_fops_read /@g[tid]/ {
  printf("%llu %d %d %llx %llx %d %d\\n", nsecs, pid, tid, @g[tid], *(uint64 *)kptr(@p[tid]), @c[tid], retval);
  delete(@g[tid]); delete(@c[tid]); delete(@p[tid]);
}
kprobe:vfio_pci_mmap_huge_fault { @v[tid] = arg0; @o[tid] = arg1; }
kretprobe:vfio_pci_mmap_huge_fault /@v[tid]/ {
  printf("%llu %d %d %llx %llx %d %d\\n", nsecs, pid, tid, *(uint64 *)kptr(@v[tid]), *(uint64 *)kptr(@v[tid] + 24),
         @o[tid], retval);
  delete(@v[tid]); delete(@o[tid]);
}
kprobe:vfio_msihandler { printf("%llu %d %d %llx %d\\n", nsecs, pid, tid, arg1, arg0); }
kprobe:vfio_pci_memory_lock_and_enable { printf("%llu %d %d %llx\\n", nsecs, pid, tid, arg0); }
"""
ENTRIES = "tracepoint:kvm:kvm_entry { @n[args->vcpu_id] = count(); }"
# Devices that are RUNNING: the walk at an entry of the halted device's VM passes them all.
BESIDE = [f"5a5a00b{n:x}-0000-4000-8000-00000000000{n:x}" for n in range(15)]
# For all that is printed while bpftrace is stopped: what finds no room would be cheaper.
PAGES = "2048"
# An agent that uses less than a hundredth of the CPU has nothing left to do.
REST_SECONDS, IDLE_NS = 0.5, 10e6
libbpf = ctypes.CDLL("libbpf.so.1")


def parked(process, work, *args):
    os.kill(process.pid, signal.SIGSTOP)
    try:
        return work(*args)
    finally:
        os.kill(process.pid, signal.SIGCONT)


def with_bpftrace(script, work, *args):
    libs = BENCH / "unpacked/usr/lib/x86_64-linux-gnu"
    process = subprocess.Popen([BENCH / "unpacked/usr/bin/bpftrace", "-e", script + 'BEGIN { printf("attached\\n"); }'],
                               env=dict(os.environ, LD_LIBRARY_PATH=str(libs), BPFTRACE_PERF_RB_PAGES=PAGES), stdout=subprocess.PIPE)
    while process.stdout.readline() != b"attached\n":
        if process.poll() is not None:
            raise RuntimeError("bpftrace ended")
    try:
        return parked(process, work, *args)
    finally:
        process.terminate()
        process.communicate()


def with_floor(what, *devices):
    """With the least of programs attached (floor.bpf.c): `what` is empty or record."""
    libbpf.bpf_object__open.restype = libbpf.bpf_object__next_program.restype = ctypes.c_void_p
    libbpf.bpf_program__attach.restype = ctypes.c_void_p
    obj = ctypes.c_void_p(libbpf.bpf_object__open(str(BENCH / f"floor_{what}.o").encode()))
    if not obj or libbpf.bpf_object__load(obj):
        raise OSError(f"floor_{what}.o cannot be loaded")
    links, program = [], None
    while program := libbpf.bpf_object__next_program(obj, ctypes.c_void_p(program)):
        links.append(ctypes.c_void_p(libbpf.bpf_program__attach(ctypes.c_void_p(program))))
    try:
        if not all(links):
            raise OSError(f"programs of floor_{what}.o cannot be attached")
        return measure(*devices)
    finally:
        for link in links:
            libbpf.bpf_link__destroy(link)
        libbpf.bpf_object__close(obj)


def with_agent(per_kind, *devices):
    agent = Agent(flags=[f"--limit.per-kind={per_kind}"])
    try:
        return parked(agent.process, measure, *devices)
    finally:
        agent.stop()


def row(call, *figures):
    print(f"{call:36}" + "".join(f"{figure:>10}" for figure in figures), flush=True)


def added(found, bare, call):
    return f"{found[call] - bare[call]:+.0f}"


def kernel_side(devices):
    bare = measure(*devices)
    empty, record = (with_floor(what, *devices) for what in ("empty", "record"))
    count, text = (with_bpftrace(script, measure, *devices) for script in (COUNT, PRINT))
    full, counted = with_agent(1000000, *devices), with_agent(1, *devices)
    row("instructions a call", "bare", "migwatch", "empty", "a bare", "bpftrace", "bpftrace", "share of", "empty", "bar")
    row("", "", "adds", "programs", "record", "count", "print", "bpftrace", "ones'")
    for call, base in bare.items():
        recorded = "STOP_COPY" in call or "SET_IRQS" in call
        for what, found in ((" (recorded)", full), (" (counted)", counted)) if "STOP_COPY" in call else (("", full),):
            peer = (text if recorded else count)[call] - base
            row(call + what, f"{base:.0f}", added(found, bare, call), added(empty, bare, call), added(record, bare, call),
                added(count, bare, call), added(text, bare, call), f"{(found[call] - base) / peer:.2f}",
                f"{(empty[call] - base) / peer:.2f}", "1/3" if recorded else "1/10")


def entry_with_agent(mtty, work, *args):
    agent = Agent(trace=False)
    mtty.set_state(State.STOP)
    try:
        agent.wait_metric('migwatch_probe_attached{probe="kvm_entry",kind="raw_tp"}', 1)
        return parked(agent.process, work, *args)
    finally:
        mtty.set_state(State.RUNNING)
        agent.stop()


def in_a_child():
    """Of another VM's vCPU."""
    told, tell = os.pipe()
    if os.fork() == 0:
        os.write(tell, str(vcpu(kvm.Machine())).encode())
        os._exit(0)
    os.wait()
    return float(os.read(told, 64))


def entry_side(container, mtty):
    """A vCPU's entry while a device is halted: while none is, nothing is attached to it."""
    machine = kvm.Machine()
    bare = vcpu(machine)
    peer = with_bpftrace(ENTRIES, vcpu, machine) - bare
    found = {"of another VM": entry_with_agent(mtty, in_a_child), "of this VM": entry_with_agent(mtty, vcpu, machine)}
    beside = [vfio.open_device(container, mdev.create(uuid)) for uuid in BESIDE]
    found[f"of this VM, {len(beside)} more devices"] = entry_with_agent(mtty, vcpu, machine)
    for device in beside:
        device.close()
    row("vCPU entry, a device halted", "bare", "migwatch", "bpftrace", "share of")
    row("", "", "adds", "count", "bpftrace")
    for what, cost in found.items():
        row(f"... {what}", f"{bare:.0f}", f"{cost - bare:+.0f}", f"{peer:+.0f}", f"{(cost - bare) / peer:.2f}")


def cpu_ns(pid):
    return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir())


def rested(pid):
    """CPU time of the agent, when it has come to rest."""
    now = cpu_ns(pid)
    while True:
        time.sleep(REST_SECONDS)
        before, now = now, cpu_ns(pid)
        if now - before < REST_SECONDS * IDLE_NS:
            return now


def user_side(mtty):
    """The agent's instructions for each record, everything included: drain, judge, count."""
    agent = Agent(trace=False, flags=["--limit.per-kind=1000000"])
    mtty.set_state(State.STOP)
    for what in ("first", "later"):
        before, began = agent.settled()["bulk"]["received"], rested(agent.process.pid)
        for _ in range(10):
            region_read(mtty)
        spent = rested(agent.process.pid) - began  # before it is asked for its counters, which costs as well
        records = agent.settled()["bulk"]["received"] - before
        print(f"agent, {what} {records} records: {spent / records:.0f} instructions each")
    mtty.set_state(State.RUNNING)
    agent.stop()


def main():
    mdev.load()
    kvm.load()
    container = vfio.Container()
    mtty = vfio.open_device(container, mdev.create(mdev.SOURCE))
    edu = open_edu(vfio.Container())
    kernel_side((mtty, edu))
    entry_side(container, mtty)
    user_side(mtty)


main()
