#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""(g) VFIO is loaded only after the agent has started: it attaches by itself, and misses nothing."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import mdev, vfio  # noqa: E402
from guest.agent import Agent  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.vfio import State  # noqa: E402


def main():
    case = Case()
    agent = Agent()
    probe = 'migwatch_probe_attached{probe="%s",kind="%s"}'
    case.expect("attached before", agent.metrics()[probe % ("vfio_df_open", "fexit")], 0)
    mdev.load()
    agent.wait_log("attached.*mtty_save_read", timeout=120)
    now = agent.metrics()
    for function, kind in (("vfio_df_open", "fexit"), ("vfio_iommu_type1_ioctl", "fexit"), ("mtty_save_read", "fexit")):
        case.expect(f"{function} attached", now[probe % (function, kind)], 1)
    container = vfio.Container()
    device = vfio.open_device(container, mdev.create(mdev.SOURCE))
    data_fd = device.set_state(State.STOP_COPY)
    size = len(vfio.read_data(data_fd))
    device.set_state(State.RUNNING)
    agent.settled()
    case.expect("state", agent.state(mdev.SOURCE), "RUNNING")
    case.expect("bytes saved", agent.metrics()[
        f'migwatch_migration_data_bytes_total{{device="{mdev.SOURCE}",direction="save"}}'], size)
    device.close()
    container.close()
    case.rules(agent, [])
    case.finish(agent)
    case.end()


main()
