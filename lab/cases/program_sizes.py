#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# lab/vm: --device edu,addr=02.0
"""How much the kernel's verifier had to look at in each program, against what is committed: probes/sizes.txt.

A program that has grown by more than a quarter fails; `make sizes` writes the file anew, for a reviewer to see.
"""
import ctypes
import platform
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "lab"))
from guest import mdev  # noqa: E402
from guest.case import RESULTS, Case  # noqa: E402

SIZES = ROOT / "probes" / "sizes.txt"
HEAD = "# Instructions that the verifier looked at, by function and kind; Linux {}. Written by `make sizes`.\n"
CONFIG = (4096, 4096, 64, 16, 16)  # struct mw_config


def loaded():
    """{"function kind": instructions} of every program that can be attached here."""
    shim = ctypes.CDLL(str(ROOT / "build" / "libmigwatch.so"))
    shim.mw_why.restype = ctypes.c_char_p
    if shim.mw_open((ctypes.c_uint32 * len(CONFIG))(*CONFIG)) < 0 or shim.mw_attach() < 0:
        raise OSError(shim.mw_why().decode())
    text = ctypes.create_string_buffer(1 << 16)
    length = shim.mw_probes(text, len(text))
    lines = text.raw[:length].decode().splitlines()
    shim.mw_close()
    rows = [line.split("\t") for line in lines]
    refused = [row[0] for row in rows if "refused" in row[5]]
    if refused:
        raise OSError(f"the kernel refuses the programs for {refused}; MIGWATCH_LIBBPF_LOG=1 shows why")
    # "data" stands for the programs of one driver's data_fd, which have rows of their own.
    return {f"{row[0]} {row[1]}": int(row[6]) for row in rows if row[2] in ("attached", "ready") and row[1] != "data"}


def committed():
    rows = [line.rsplit(" ", 1) for line in SIZES.read_text().splitlines() if line[0] != "#"]
    return {name: int(size) for name, size in rows}


def main():
    mdev.load((*mdev.MODULES, "edu_vfio"))
    sizes = loaded()
    if "--write" in sys.argv:
        text = "".join(f"{name} {size}\n" for name, size in sorted(sizes.items()))
        (RESULTS / SIZES.name).write_text(HEAD.format(platform.release()) + text)
        return
    case = Case()
    before = committed()
    case.expect("programs not in probes/sizes.txt", sorted(sizes.keys() - before.keys()), [])
    case.expect("programs only in probes/sizes.txt", sorted(before.keys() - sizes.keys()), [])
    grown = {name: (before[name], size) for name, size in sizes.items() if name in before and size > before[name] * 1.25}
    case.expect("programs that grew by more than a quarter (`make sizes` if that is meant)", grown, {})
    print(f"     {len(sizes)} programs, {sum(sizes.values())} instructions", flush=True)
    case.end()


main()
