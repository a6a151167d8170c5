# SPDX-License-Identifier: Apache-2.0
"""A virtual machine of one vCPU that does nothing but halt, in this process: for entering a guest when a case wants it.

The lab's emulated CPU has SVM, so Debian's kvm_amd works in it.
"""
import fcntl
import mmap
import os
import struct
import subprocess

from . import vfio

KVM_CREATE_VM = 0xAE01
KVM_GET_VCPU_MMAP_SIZE = 0xAE04
KVM_CREATE_VCPU = 0xAE41
KVM_SET_USER_MEMORY_REGION = 0x4020AE46
KVM_RUN = 0xAE80
KVM_SET_REGS = 0x4090AE82
KVM_GET_SREGS = 0x8138AE83
KVM_SET_SREGS = 0x4138AE84
KVM_EXIT_HLT = 5

HLT = b"\xf4"
SREGS_BYTES, REGS = 0x138, struct.Struct("=18Q")
_MEMORY_REGION = struct.Struct("=IIQQQ")  # slot flags guest_phys_addr memory_size userspace_addr
_CS = struct.Struct("=QIH")               # base limit selector: the first segment of kvm_sregs


def load():
    subprocess.run(["modprobe", "kvm_amd"], check=True)


class Machine:
    def __init__(self):
        kvm = os.open("/dev/kvm", os.O_RDWR)
        self.memory = vfio.Memory(mmap.PAGESIZE)
        self.memory.bytes[:] = HLT * self.memory.size
        self._vm = fcntl.ioctl(kvm, KVM_CREATE_VM, 0)
        fcntl.ioctl(self._vm, KVM_SET_USER_MEMORY_REGION,
                    _MEMORY_REGION.pack(0, 0, 0, self.memory.size, self.memory.address))
        self.vcpu = fcntl.ioctl(self._vm, KVM_CREATE_VCPU, 0)
        self._run = mmap.mmap(self.vcpu, fcntl.ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0))
        sregs = bytearray(SREGS_BYTES)
        fcntl.ioctl(self.vcpu, KVM_GET_SREGS, sregs)
        _CS.pack_into(sregs, 0, 0, 0xffff, 0)
        fcntl.ioctl(self.vcpu, KVM_SET_SREGS, bytes(sregs))

    def run(self):
        """Enters the guest, which halts at once."""
        fcntl.ioctl(self.vcpu, KVM_SET_REGS, REGS.pack(*[0] * 17, 2))
        fcntl.ioctl(self.vcpu, KVM_RUN, 0)
        reason, = struct.unpack_from("=I", self._run, 8)
        if reason != KVM_EXIT_HLT:
            raise OSError(f"the guest left with reason {reason}")
