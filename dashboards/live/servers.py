# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus and a real Alertmanager on loopback, with this project's rules.

Time runs `speed` times as fast for the rules: windows, `for:` and intervals are divided by it, nothing else is changed.
A window must hold several scrapes all the same.
"""
import json
import re
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "build/tools/prometheus/usr"
RULES = ROOT / "dashboards/prometheus/migwatch.rules.yml"
SPEED = 15
SCRAPE_SECONDS = 2
DURATION = re.compile(r"(?<=\[)\d+[smh](?=\])|(?<=for: )\d+[smh](?=\n)|(?<=interval: )\d+[smh](?=\n)")
SECONDS = {"s": 1, "m": 60, "h": 3600}


def hastened(rules, speed):
    """The rule file with every duration divided by `speed`."""
    return DURATION.sub(lambda d: f"{int(d[0][:-1]) * SECONDS[d[0][-1]] * 1000 // speed}ms", rules)


def free_ports(count):
    """Of loopback. Somebody else could take one before we do, which is then an error of the server."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class Server:
    """One of Debian's servers, in a folder of its own, where its log is."""

    def __init__(self, folder, name, port, wrapper, *flags):
        self.log = folder / f"{name}.log"
        self.url = f"http://127.0.0.1:{port}/api"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([*wrapper, TOOLS / "bin" / name, *flags], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)

    def get(self, path, **parameters):
        with urllib.request.urlopen(f"{self.url}/{path}?{urllib.parse.urlencode(parameters)}", timeout=60) as reply:
            return json.load(reply)

    def await_start(self, path, timeout=120):
        deadline = time.monotonic() + timeout
        while True:
            try:
                return self.get(path)
            except urllib.error.URLError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{self.log.stem} does not answer; it said:\n{self.log.read_text()[-2000:]}") from None
                time.sleep(0.2)

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Alertmanager(Server):
    def __init__(self, folder, port):
        config = folder / "alertmanager.yml"
        config.write_text(json.dumps({"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}))
        # Debian's build reads its templates below /usr/share only. It is given one of its own: nobody else sees it.
        share = ["unshare", "--map-root-user", "--mount", "sh", "-c",
                 f'mount --bind {TOOLS}/share /usr/share && exec "$@"', "sh"]
        super().__init__(folder, "prometheus-alertmanager", port, share, f"--config.file={config}",
                         f"--storage.path={folder}/alertmanager", f"--web.listen-address=127.0.0.1:{port}",
                         "--cluster.listen-address=")
        self.await_start("v2/status")

    def active(self):
        """Names of the alerts that it has been sent and that have not been resolved."""
        return {alert["labels"]["alertname"] for alert in self.get("v2/alerts")}


class Prometheus(Server):
    def __init__(self, folder, port, alertmanager, agent, speed=SPEED, scrape_seconds=SCRAPE_SECONDS):
        (folder / "migwatch.rules.yml").write_text(hastened(RULES.read_text(), speed))
        config = folder / "prometheus.yml"
        config.write_text(json.dumps({
            "global": {"scrape_interval": f"{scrape_seconds}s", "scrape_timeout": f"{scrape_seconds}s",
                       "evaluation_interval": f"{scrape_seconds}s"},
            "rule_files": ["migwatch.rules.yml"],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager}"]}]}]},
            "scrape_configs": [{"job_name": "migwatch", "static_configs": [{"targets": [f"127.0.0.1:{agent}"]}]}]}))
        self.since = time.time()
        self.speed = speed
        self.scrape_seconds = scrape_seconds
        super().__init__(folder, "prometheus", port, [], f"--config.file={config}", f"--storage.tsdb.path={folder}/data",
                         f"--web.listen-address=127.0.0.1:{port}", "--rules.alert.resend-delay=1s")
        self.await_start("v1/rules")

    def series(self, expr):
        """What a query has answered at any moment since the start, each scrape's moment asked for."""
        step = {"start": self.since, "end": time.time(), "step": self.scrape_seconds}
        return self.get("v1/query_range", query=expr, **step)["data"]["result"]

    def alert_states(self):
        """{(alert, pending or firing)} of any moment since the start."""
        return {(s["metric"]["alertname"], s["metric"]["alertstate"]) for s in self.series("ALERTS")}

    def active(self):
        """{(alert, pending or firing)} now."""
        return {(a["labels"]["alertname"], a["state"]) for a in self.get("v1/alerts")["data"]["alerts"]}

    def alert_rules(self):
        """(name, expression) of every alert that it evaluates; a rule that it cannot evaluate is a ValueError."""
        rules = [r for g in self.get("v1/rules")["data"]["groups"] for r in g["rules"]]
        bad = [(r["name"], r["lastError"]) for r in rules if r["health"] == "err"]
        if bad:
            raise ValueError(f"Prometheus cannot evaluate {bad}")
        return [(r["name"], r["query"]) for r in rules if r["type"] == "alerting"]
