#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# lab/vm: --device edu,addr=02.0 --device edu,addr=03.0 --memory 3072
"""
A real Prometheus scrapes the agent: a stock migration alerts nobody, a misbehaving client does, and what is
mended is resolved. Every query of every dashboard and alert has had data by then. The rules are the project's own, with their
durations divided by SPEED.
"""
import signal
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "lab"), str(ROOT / "dashboards/live")]
from guest import migration, pci, pci_client, vfio  # noqa: E402
from guest.agent import PATIENT, Agent  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.vfio import State, outcome  # noqa: E402
from queries import unanswered  # noqa: E402
from servers import Alertmanager, Prometheus  # noqa: E402

# In emulation a scrape takes most of a second. A window of ten minutes is one of sixty seconds: twelve scrapes.
SPEED, SCRAPE_SECONDS = 10, 5
CEILING = 300  # seconds, of everything that is waited for
AGENT, PROMETHEUS, ALERTMANAGER = 9641, 9090, 9093
FOUND = {"MigwatchViolationCritical", "MigwatchViolationWarning", "MigwatchDeviceError"}
REFUSED = "MigwatchConfigReloadFailed"
LIVENESS = 0x04  # a register of edu that does nothing but answer
PCI_INTERRUPT_LINE = 0x3c
PEER = 0x1000000  # an iova
# What the agent says of this kernel, from the start and for good: nobody enters a guest by KVM here.
KNOWN = {"MigwatchCoverageLost", "MigwatchUnknownVerdicts"}


class Watch:
    """The two servers, and waiting for what they say."""

    def __init__(self, case):
        self.case = case
        folder = Path(tempfile.mkdtemp(prefix="alerts-"))
        self.alertmanager = Alertmanager(folder, ALERTMANAGER)
        self.prometheus = Prometheus(folder, PROMETHEUS, ALERTMANAGER, AGENT, SPEED, SCRAPE_SECONDS)

    def awaited(self, what, condition):
        began = time.monotonic()
        while not (good := condition()) and time.monotonic() - began < CEILING:
            time.sleep(1)
        self.case.expect(f"{what} ({time.monotonic() - began:.0f} s)", good, True)
        if not good:
            print(f"     Prometheus: {self.prometheus.active()}\n     Alertmanager: {self.alertmanager.active()}")

    def value(self, series):
        """Of the last scrape; None before the first."""
        result = self.prometheus.get("v1/query", query=series)["data"]["result"]
        return float(result[0]["value"][1]) if result else None

    def firing(self):
        return {name for name, state in self.prometheus.active() if state == "firing"} - KNOWN

    def arrived(self):
        return self.alertmanager.active() - KNOWN

    def stop(self):
        self.prometheus.stop()
        self.alertmanager.stop()


def migrate(case, watch):
    """As stock QEMU does it."""
    source, destination = migration.pair()
    source.migrate(destination.listen())
    case.expect("QEMU's status", [source.wait_migration(), destination.wait_migration()], ["completed"] * 2)
    source.quit()
    destination.quit()
    for side in ("source", "destination"):
        series = f'migwatch_migrations_total{{side="{side}",result="completed"}}'
        watch.awaited(f"Prometheus has the {side}'s migration", lambda series=series: watch.value(series) == 1)
    case.expect("alerts after a migration", watch.firing(), set())


def misbehave(case, agent, address, neighbour):
    """
    A device can reach its neighbour's BAR for a while. Then its own BAR and a config register are written in
    STOP_COPY; then it fails and is left in ERROR.
    """
    container = vfio.Container()
    device, peer = (pci_client.open_device(container, pci.sysfs(each)) for each in (address, neighbour))
    theirs, own = peer.mmap(0), device.mmap(0)
    container.map_dma(theirs.address, PEER, theirs.size)
    agent.wait_metric(f'migwatch_p2p_mappings{{device="{address}",target="{neighbour}"}}', 1)
    container.unmap_dma(PEER, theirs.size)
    device.set_state(State.STOP_COPY)
    own.fault(LIVENESS)
    device.write(vfio.VFIO_PCI_BAR0_REGION_INDEX, LIVENESS, bytes(4))
    device.write(vfio.VFIO_PCI_CONFIG_REGION_INDEX, PCI_INTERRUPT_LINE, b"\x05")
    pci.switch(address, "error_on_fail", 1)
    pci.switch(address, "fail_arc", "STOP_COPY:STOP:5:once")
    case.expect("the device fails", outcome(device.set_state, State.STOP), "EIO")
    # Twice: ERROR is 0, as is what nobody wrote, and one sighting does not convince the agent.
    case.expect("and says so", [device.state().name for _ in range(2)], ["ERROR"] * 2)
    return device


def reload(agent, text, said):
    agent.config.write_text(text)
    agent.process.send_signal(signal.SIGHUP)
    agent.wait_log(said, since=len(agent.log))


def main():
    case = Case()
    migration.load()
    addresses = pci.edus(2)
    watch = Watch(case)
    # Its own metrics say how it was read.
    web = Path(tempfile.mkdtemp()) / "web.yml"
    web.write_text("http_server_config: { headers: { X-Frame-Options: deny } }\n")
    agent = Agent(flags=[f"--web.config.file={web}"])
    watch.awaited("Prometheus scrapes the agent", lambda: watch.value("up") == 1)
    migrate(case, watch)

    device = misbehave(case, agent, *addresses)
    watch.awaited("alerts of a misbehaving client arrive", lambda: watch.arrived() >= FOUND)
    device.reset()
    watch.awaited("a device that was reset is resolved", lambda: "MigwatchDeviceError" not in watch.arrived())

    reload(agent, "rulez: {}\n", "refused")
    watch.awaited("a refused configuration arrives", lambda: REFUSED in watch.arrived())
    case.expect("it was pending before", (REFUSED, "pending") in watch.prometheus.alert_states(), True)
    reload(agent, PATIENT, "read again")
    watch.awaited("with nothing new all are resolved", lambda: not watch.arrived() | watch.firing())
    case.expect("queries of dashboards and alerts that never had data", unanswered(watch.prometheus), {})
    watch.stop()
    case.finish(agent)
    case.end()


main()
