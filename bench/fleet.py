#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a fleet costs one Prometheus: a real scrape body, served as that of many hosts, scraped and judged for a while.

    bench/fleet.py [--hosts 200] [--interval 15] [--seconds 120]

The body is that of the agent's exporter on the made-up host of bench/served_host.ts, once both of its VMs have migrated. All
copies say the same at each scrape, so compression on disk is better than a fleet's; series, memory and rule evaluation are
not. Everything is on loopback. Needs dashboards/setup and `make build`.
"""
import argparse
import gzip
import http.server
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BINARY = ROOT / "build/tools/prometheus/usr/bin/prometheus"
RULES = ROOT / "dashboards/prometheus/migwatch.rules.yml"
HOST = ROOT / "build/bench/served_host.js"
SERVED, PORT, EXPORTER = 39700, 39790, 39791
MIGRATED = re.compile(rb'^migwatch_migrations_total\{side="source",result="completed"\} ([4-9]|\d\d)', re.M)


def scraped():
    """What the agent's exporter says of a host whose devices have all migrated."""
    with subprocess.Popen(["node", HOST, str(EXPORTER)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as host:
        try:
            if not host.stdout.readline():
                sys.exit("the made-up host did not start")
            while True:
                with urllib.request.urlopen(f"http://127.0.0.1:{EXPORTER}/metrics", timeout=60) as reply:
                    body = reply.read()
                if MIGRATED.search(body):
                    return body
                time.sleep(1)
        finally:
            host.kill()


def serve(body):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", SERVED), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def ask(expr):
    url = f"http://127.0.0.1:{PORT}/api/v1/query?" + urllib.parse.urlencode({"query": expr})
    with urllib.request.urlopen(url, timeout=60) as reply:
        result = json.load(reply)["data"]["result"]
    return float(result[0]["value"][1]) if result else float("nan")


def config(hosts, interval):
    targets = [{"targets": [f"127.0.0.1:{SERVED}"], "labels": {"__metrics_path__": f"/{n}", "instance": f"host{n}:9641"}}
               for n in range(hosts)]
    return {"global": {"scrape_interval": f"{interval}s", "evaluation_interval": "30s"}, "rule_files": [str(RULES)],
            "scrape_configs": [{"job_name": "migwatch", "static_configs": targets},
                               {"job_name": "self", "static_configs": [{"targets": [f"127.0.0.1:{PORT}"]}]}]}


def report(hosts, body):
    lines = sum(1 for row in body.splitlines() if row[:1] != b"#")
    print(f"a scrape: {lines} series, {len(body)} bytes, {len(gzip.compress(body))} compressed")
    print(f"hosts up: {ask('sum(up{job=%smigwatch%s})' % (chr(34), chr(34))):.0f} of {hosts}")
    print(f"series in Prometheus: {ask('prometheus_tsdb_head_series'):.0f}")
    print(f"samples a second: {ask('rate(prometheus_tsdb_head_samples_appended_total[1m])'):.0f}")
    print(f"resident memory: {ask('process_resident_memory_bytes{job=%sself%s}' % (chr(34), chr(34))) / 1e6:.0f} MB")
    for group in ("migwatch-fleet", "migwatch-contract", "migwatch-sight"):
        took = ask('max(prometheus_rule_group_last_duration_seconds{rule_group=~".*;%s"})' % group)
        print(f"evaluation of {group}: {took * 1000:.0f} ms")
    failures = ask("sum(prometheus_rule_evaluation_failures_total)")
    print(f"rule evaluations that failed: {failures:.0f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=200)
    parser.add_argument("--interval", type=int, default=15, help="between two scrapes, seconds (default: %(default)s)")
    parser.add_argument("--seconds", type=int, default=120, help="how long (default: %(default)s)")
    args = parser.parse_args()
    body = scraped()
    serve(body)
    with tempfile.TemporaryDirectory(prefix="fleet-") as folder:
        file = Path(folder) / "prometheus.yml"
        file.write_text(json.dumps(config(args.hosts, args.interval)))
        with (Path(folder) / "log").open("w") as log:
            prometheus = subprocess.Popen([BINARY, f"--config.file={file}", f"--storage.tsdb.path={folder}/data",
                                           f"--web.listen-address=127.0.0.1:{PORT}"], stdout=log, stderr=log)
        try:
            time.sleep(args.seconds)  # it is the measurement: so long it scrapes
            report(args.hosts, body)
        finally:
            prometheus.terminate()
            prometheus.wait()


if __name__ == "__main__":
    main()
