#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stock QEMU migrates an mtty device to another QEMU; its default dirty tracking refuses to.

Run: lab/vm -- python3 lab/cases/smoke_migrate.py
"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import mdev, qemu  # noqa: E402


def migrate(source, destination):
    """Both ends' status, and QEMU's account of the source's."""
    source.migrate(destination.listen())
    status = source.wait_migration()
    return status, destination.wait_migration() if status == "completed" else "-", source.migration()


def run(dirty_tracking):
    source = qemu.start("source", [mdev.sysfs(mdev.SOURCE)], dirty_tracking=dirty_tracking)
    destination = qemu.start("destination", [mdev.sysfs(mdev.DESTINATION)], incoming=True)
    *status, figures = migrate(source, destination)
    codes = source.quit(), destination.quit()
    print(f"dirty_tracking={dirty_tracking} status={status} exit={codes}")
    for key in ("vfio", "downtime", "error-desc"):
        if key in figures:
            print(f"  {key}: {figures[key]}")
    for name, end in (("source", source), ("destination", destination)):
        print(f"  {name}: {' '.join(state for _, state in end.qmp.vfio_states())}", flush=True)
    return status


def main():
    mdev.load()
    mdev.create(mdev.SOURCE)
    mdev.create(mdev.DESTINATION)
    completed = run(dirty_tracking=False) == ["completed", "completed"]
    refused = run(dirty_tracking=True) == ["failed", "-"]
    mdev.remove(mdev.SOURCE)
    mdev.remove(mdev.DESTINATION)
    return 0 if completed and refused else 1


if __name__ == "__main__":
    sys.exit(main())
