#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the probes add to VFIO calls, in guest instructions: QEMU counts one ns an instruction, so runs repeat.

The consumers (agent, bpftrace) are stopped while it is measured: this is the kernel's side alone.
"""
import ctypes
import os
import signal
import struct
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "lab"))
from guest import mdev, vfio  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.vfio import State  # noqa: E402

BENCH = ROOT / "build" / "bench"
CALLS = 500
COUNT = """
kprobe:vfio_device_fops_unl_ioctl { @n[arg1] = count(); } kretprobe:vfio_device_fops_unl_ioctl { @r[retval] = count(); }
kprobe:vfio_device_fops_read { @n[arg2] = count(); } kretprobe:vfio_device_fops_read { @r[retval] = count(); }
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
"""
loop = ctypes.CDLL(str(BENCH / "loop.so"))
loop.loop_ioctl.restype = loop.loop_pread.restype = ctypes.c_long
loop.loop_ioctl.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_int]
loop.loop_pread.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_int]


def per_call(call, *args):
    """Instructions of one call: the least of three rounds, the first of which warms up."""
    rounds = [call(*args, CALLS) for _ in range(3)]
    if min(rounds) < 0:
        raise OSError("the measured call failed")
    return min(rounds) / CALLS


def measure(device):
    """{call: instructions}; the device ends as it began, in RUNNING."""
    # Open before the agent, it is of unknown state, and watched, until somebody says.
    device.set_state(State.RUNNING)
    info = ctypes.create_string_buffer(struct.pack("=IIIIII", 24, 0, 0, 0, 0, 0))
    eventfd = os.eventfd(0)
    flags = vfio.VFIO_IRQ_SET_DATA_EVENTFD | vfio.VFIO_IRQ_SET_ACTION_TRIGGER
    irqs = ctypes.create_string_buffer(struct.pack("=IIIIIi", 24, flags, vfio.VFIO_PCI_INTX_IRQ_INDEX, 0, 1, eventfd))
    buf = ctypes.create_string_buffer(8)
    found = {
        "ioctl GET_INFO (of no interest)": per_call(loop.loop_ioctl, device.fd, vfio.VFIO_DEVICE_GET_INFO, info),
        "region read, RUNNING (gated)": per_call(loop.loop_pread, device.fd, buf, 1, 7),
        "ioctl SET_IRQS (recorded)": per_call(loop.loop_ioctl, device.fd, vfio.VFIO_DEVICE_SET_IRQS, irqs),
    }
    device.set_state(State.STOP)
    found["region read, STOP (recorded)"] = per_call(loop.loop_pread, device.fd, buf, 1, 7)
    device.set_state(State.RUNNING)
    os.close(eventfd)
    return found


def parked(process, work, *args):
    os.kill(process.pid, signal.SIGSTOP)
    try:
        return work(*args)
    finally:
        os.kill(process.pid, signal.SIGCONT)


def with_bpftrace(script, device):
    libs = BENCH / "unpacked/usr/lib/x86_64-linux-gnu"
    process = subprocess.Popen([BENCH / "unpacked/usr/bin/bpftrace", "-e", script + 'BEGIN { printf("attached\\n"); }'],
                               env=dict(os.environ, LD_LIBRARY_PATH=str(libs)), stdout=subprocess.PIPE)
    while process.stdout.readline() != b"attached\n":
        if process.poll() is not None:
            raise RuntimeError("bpftrace ended")
    try:
        return parked(process, measure, device)
    finally:
        process.terminate()
        process.communicate()


def main():
    mdev.load()
    container = vfio.Container()
    device = vfio.open_device(container, mdev.create(mdev.SOURCE))
    bare = measure(device)
    count, text = (with_bpftrace(script, device) for script in (COUNT, PRINT))
    agent = Agent()
    ours = parked(agent.process, measure, device)
    print(f"{'instructions a call':34} {'bare':>7} {'migwatch':>9} {'bpftrace':>9} {'bpftrace':>9}  share of")
    print(f"{'':34} {'':7} {'adds':>9} {'count':>9} {'print':>9}  bpftrace")
    for call, base in bare.items():
        add, peer = ours[call] - base, (text if "recorded" in call else count)[call] - base
        print(f"{call:34} {base:7.0f} {add:+9.0f} {count[call] - base:+9.0f} {text[call] - base:+9.0f}"
              f"  {add / peer:.2f} (bar: {'1/3' if 'recorded' in call else '1/10'})")
    agent.stop()


main()
