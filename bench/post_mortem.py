#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What reading a recording takes: `migwatch replay` judges it, babeltrace2 only decodes it. `bench/post_mortem.py [MILLIONS]`

Both get the same trace of a made-up host, 10 million events without an argument, in the same run. CPU time of all
threads and the most memory that was resident, as the kernel counts them for a child. Fails where the replay does not
answer that violations were observed, which the made-up host has.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

TRACE = Path('build/bench/post_mortem')
VIOLATIONS = 1
ROUNDS = 3


def measured(*command: str) -> tuple[float, float, int]:
    """CPU seconds, resident MB at most, exit code."""
    with open(os.devnull, 'w', encoding='utf8') as nowhere:
        child = subprocess.Popen(command, stdout=nowhere, stderr=nowhere)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6, child.returncode


def best(*command: str, expect: int) -> tuple[float, float]:
    """Other work on the machine only ever adds: the least time of three, the most memory."""
    rounds = [measured(*command) for _ in range(ROUNDS)]
    if any(code != expect for _, _, code in rounds):
        sys.exit(f'{" ".join(command)}: exit {[code for _, _, code in rounds]}, expected {expect}')
    return min(seconds for seconds, _, _ in rounds), max(mb for _, mb, _ in rounds)


def main() -> None:
    millions = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    shutil.rmtree(TRACE, ignore_errors=True)
    made = ['node', 'build/bench/synthetic_trace.js', str(TRACE), str(int(millions * 1e6))]
    subprocess.run(made, check=True)
    peer, peer_mb = best('tools/babeltrace2', str(TRACE), '-c', 'sink.utils.dummy', expect=0)
    ours, ours_mb = best('bin/migwatch', 'replay', str(TRACE), expect=VIOLATIONS)
    shutil.rmtree(TRACE)
    print(f'{millions:g} M events         M events/s  resident')
    print(f'babeltrace2, decoding {millions / peer:10.2f} {peer_mb:6.0f} MB')
    print(f'migwatch, judging     {millions / ours:10.2f} {ours_mb:6.0f} MB  (bar: 200)')
    print(f'ratio                 {peer / ours:10.2f}  (bar: 4)')


if __name__ == '__main__':
    main()
