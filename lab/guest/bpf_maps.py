# SPDX-License-Identifier: Apache-2.0
"""The BPF maps that a process holds, asked of the kernel and not of the process."""
import json
import subprocess
from pathlib import Path

TABLES = ("hash", "lru_hash")
# Each layer of programs has constants of its own, which are not of its maps' making (probes/layer.c).
CONSTANTS = ".rodata"
NAME = 15  # characters: the kernel cuts longer ones


def _ids(pid):
    """{id: bytes} by what /proc tells of its files; a map may be open more than once."""
    found = {}
    for file in Path(f"/proc/{pid}/fdinfo").iterdir():
        try:
            text = file.read_text()
        except FileNotFoundError:
            continue  # closed meanwhile: no map, those stay
        told = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
        if "map_id" in told:
            found[int(told["map_id"])] = int(told["memlock"])
    return found


def _bpftool(*arguments):
    return json.loads(subprocess.run(["bpftool", "-j", "map", *arguments], check=True, stdout=subprocess.PIPE).stdout)


def _named(pid):
    ids = _ids(pid)
    return [(each, ids[each["id"]]) for each in _bpftool("show")
            if each["id"] in ids and CONSTANTS not in each.get("name", "")]


def memory(pid):
    """{name: bytes}"""
    return {each["name"]: size for each, size in _named(pid)}


def entries(pid):
    """{name: how many there are} of its tables."""
    return {each["name"]: len(_bpftool("dump", "id", str(each["id"]))) for each, _ in _named(pid) if each["type"] in TABLES}
