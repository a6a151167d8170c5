#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One device is flooded while two others migrate and nobody reads the rings: nothing of anybody is lost, all is counted."""
import os
import signal
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import mdev, migration, vfio  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.vfio import State  # noqa: E402

FLOODED = "5a5a0003-0000-4000-8000-000000000003"
THREADS, ACCESSES = 4, 5000
LIMIT = 64
# Without the limit the flood alone would take 1 MiB.
RING_KIB = 64
# Beyond the limit a record for each doubling of their number or of the time, and its count.
AT_MOST = LIMIT + 2 * 40 + THREADS


def flood(device):
    threads = [threading.Thread(target=lambda: [device.read(0, 7, 1) for _ in range(ACCESSES)]) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    return threads


def main():
    case = Case()
    migration.load()
    path = mdev.create(FLOODED)
    agent = Agent(flags=[f"--ring.bulk-kib={RING_KIB}", f"--limit.per-kind={LIMIT}"])
    container = vfio.Container()
    device = vfio.open_device(container, path)
    source, destination = migration.pair()
    device.set_state(State.STOP)
    agent.settled()
    agent.process.send_signal(signal.SIGSTOP)
    threads = flood(device)
    source.migrate(destination.listen())
    case.expect("QEMU's status", [end.wait_migration() for end in (source, destination)], ["completed"] * 2)
    for thread in threads:
        thread.join()
    agent.process.send_signal(signal.SIGCONT)
    series = f'migwatch_region_accesses_total{{device="{FLOODED}",region="0"}}'
    total = THREADS * ACCESSES
    # The device stays in STOP: the agent asks for what was only counted.
    agent.settled(120)
    case.expect("accesses counted", agent.wait_metric(series, total, 120), float(total))
    device.set_state(State.RUNNING)
    count = agent.settled()
    case.expect("records lost", [count[ring]["lost"] for ring in ("crit", "bulk")], [0, 0])
    now = agent.metrics()
    case.expect("accesses counted, once", now[series], float(total))
    transferred = source.migration()["vfio"]["transferred"]
    saved = now[f'migwatch_migration_data_bytes_total{{device="{mdev.SOURCE}",direction="save"}}']
    resumed = now[f'migwatch_migration_data_bytes_total{{device="{mdev.DESTINATION}",direction="resume"}}']
    print(f"     saved {saved:.0f}, resumed {resumed:.0f} bytes; QEMU transferred {transferred}")
    case.expect("bytes saved are bytes resumed", saved == resumed > 0, True)
    case.expect("states", [agent.state(d) for d in (mdev.SOURCE, mdev.DESTINATION)], ["STOP", "RUNNING"])
    lines = [line for line in agent.printed().splitlines() if FLOODED[:8] in line and " region " in line]
    case.expect(f"records of the flood, of {total} accesses", LIMIT <= len(lines) <= AT_MOST, True)
    print(f"     {len(lines)} lines of the flood", flush=True)
    found = {(v["device"], v["rule"]) for v in agent.violations() if v["severity"] != "info"}
    case.expect("findings", found, {(FLOODED, "mmio-rw-while-halted")})
    source.quit()
    destination.quit()
    os.close(device.fd)
    case.finish(agent)
    case.end()


main()
