# SPDX-License-Identifier: Apache-2.0
"""The kernel's log, from now on."""
import os
import re
import select
import time


class KernelLog:
    def __init__(self):
        self._fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        os.lseek(self._fd, 0, os.SEEK_END)
        self.lines = []

    def wait(self, pattern, timeout=10):
        """The first line, of all since this was made, that the pattern is found in."""
        deadline = time.monotonic() + timeout
        while not (found := next((line for line in self.lines if re.search(pattern, line)), None)):
            if not select.select([self._fd], [], [], max(0, deadline - time.monotonic()))[0]:
                raise TimeoutError(f"the kernel did not log {pattern!r} in {timeout} s")
            # "priority,sequence,microseconds,flags;text", a record a read
            self.lines.append(os.read(self._fd, 8192).decode(errors="replace").split("\n")[0].partition(";")[2])
        return found
