#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
The web server as systemd and strangers meet it: a passed socket, TLS with client certificates, passwords, files that
break while it runs. What the kernel did is seen through all of it.
"""
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from guest import mdev, vfio  # noqa: E402
from guest.agent import PATIENT, Agent  # noqa: E402
from guest.case import Case  # noqa: E402
from guest.vfio import State  # noqa: E402

SCRATCH = 7  # the UART's scratch register
RULE = "mmio-rw-while-halted"
# A password and its bcrypt hash, at the lowest cost: emulation is slow enough.
FIRST = ("opensesame", "$2b$04$85ZEW4irgBmJ1Vv2lJCRCey759ZDiN3diJnj4Rcy610oXJueiYvKq")
SECOND = ("changed-since", "$2b$04$b4FyguIRUW7/K9aGq4ocLe5CZ21rQWqV2U2WTLj2EZii6LwzLyqJi")
BROKEN = "basic_auth_users: { prometheus: "
READ = "migwatch_web_config_last_reload_successful"
PATIENCE = 120  # seconds, of one request
DIR = Path(tempfile.mkdtemp(prefix="web-"))


def certificate(name, ca=None):
    """NAME.pem and NAME.key: a CA of its own, or signed by one."""
    by = ["-CA", DIR / f"{ca}.pem", "-CAkey", DIR / f"{ca}.key"] if ca else []
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-keyout", DIR / f"{name}.key", "-out", DIR / f"{name}.pem", "-subj", f"/CN={name}", *by,
                    "-addext", "subjectAltName=IP:127.0.0.1"], check=True, stderr=subprocess.DEVNULL)


def web_config(secret):
    return json.dumps({
        "tls_server_config": {"cert_file": "server.pem", "key_file": "server.key", "client_ca_file": "ca.pem",
                              "client_auth_type": "RequireAndVerifyClientCert"},
        "basic_auth_users": {"prometheus": secret[1]}})


def passed(listener):
    """Executes a command as systemd does that has a socket for it."""
    return ["sh", "-c", f'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@" 3<&{listener.fileno()}', "sh"]


class Guarded(Agent):
    """Reached with a certificate and a password only."""

    def __init__(self, listener):
        self.password = FIRST[0]
        self.web = DIR / "web.yml"
        self.replace(web_config(FIRST))
        self.origin = f"127.0.0.1:{listener.getsockname()[1]}"
        super().__init__(flags=["--web.systemd-socket", "--web.enable-lifecycle", f"--web.config.file={self.web}"],
                         wrapper=passed(listener), pass_fds=[listener.fileno()])

    def replace(self, text):
        """Renamed into place, as whoever renews a file does it."""
        new = DIR / "new.yml"
        new.write_text(text)
        new.rename(self.web)

    def command(self, path, *more, name="client", password=None, scheme="https"):
        user = f"prometheus:{self.password if password is None else password}"
        return ["curl", "-sS", "--max-time", str(PATIENCE), "--cacert", DIR / "ca.pem", "--cert", DIR / f"{name}.pem",
                "--key", DIR / f"{name}.key", "--user", user, *more, f"{scheme}://{self.origin}{path}"]

    def get(self, path):
        return subprocess.run([*self.command(path), "--fail"], check=True, stdout=subprocess.PIPE).stdout.decode()

    def answer(self, *more, path="/-/healthy", **options):
        """The status; without one, curl's exit code below zero."""
        done = subprocess.run([*self.command(path, *more, **options), "-o", "/dev/null", "-w", "%{http_code}"], check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return int(done.stdout) or -done.returncode

    def await_read(self, good):
        """The file is looked at once a second at most."""
        deadline = time.monotonic() + PATIENCE
        while (value := self.metrics()[READ]) != good and time.monotonic() < deadline:
            pass
        return value


class Stream:
    """The page's own connection; when a word came in it, by the clock of kernel records."""

    def __init__(self, agent):
        self.process = subprocess.Popen(agent.command("/api/events", "-N"), stdout=subprocess.PIPE)
        self.open, self.came, self.at = threading.Event(), threading.Event(), 0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            if RULE.encode() in line and not self.came.is_set():
                self.at = time.monotonic_ns()
                self.came.set()
            if line.startswith(b"data:"):
                self.open.set()

    def close(self):
        self.process.kill()
        self.process.wait()


def strangers(case, agent):
    case.expect("certificate and password", agent.answer(), 200)
    case.expect("a server that the client does not trust", agent.answer("--cacert", DIR / "other.pem"), -60)
    case.expect("a stranger's certificate: served", agent.answer(name="stranger") > 0, False)
    case.expect("plain HTTP: served", agent.answer(scheme="http") > 0, False)
    old = ["--tlsv1.0", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0"]
    case.expect("TLS 1.1", agent.answer(*old), -35)
    case.expect("TLS 1.2", agent.answer("--tls-max", "1.2"), 200)
    case.expect("a wrong password", agent.answer(password="guess"), 401)
    counts = agent.metrics()
    case.expect("refused, as counted", [counts[f'migwatch_web_refused_total{{reason="{why}"}}'] > 0
                                        for why in ("certificate", "password")], [True, True])


def files(case, agent):
    agent.replace(BROKEN)
    case.expect("a broken web file: read", agent.await_read(0), 0)
    case.expect("what was in force stays", [agent.answer(), agent.answer(name="stranger") > 0], [200, False])
    agent.replace(web_config(SECOND))
    agent.password = SECOND[0]
    case.expect("a good one is in force", agent.await_read(1), 1)
    case.expect("its password, and the one before", [agent.answer(), agent.answer(password=FIRST[0])], [200, 401])
    agent.config.write_text("rulez: {}\n")
    case.expect("POST /-/reload of a broken configuration", agent.answer("-X", "POST", path="/-/reload"), 500)
    agent.config.write_text(PATIENT)
    case.expect("and of a good one", agent.answer("-X", "POST", path="/-/reload"), 200)


def seen(case, agent, path):
    """From the kernel's event to the page."""
    stream = Stream(agent)
    case.expect("the page's stream begins", stream.open.wait(PATIENCE), True)
    container = vfio.Container()
    device = vfio.open_device(container, path)
    device.set_state(State.STOP)
    device.write(vfio.VFIO_PCI_BAR0_REGION_INDEX, SCRATCH, b"\x5a")
    case.expect("a violation comes to the page", stream.came.wait(PATIENCE), True)
    device.set_state(State.RUNNING)
    stream.close()
    at, = (int(v["at_ns"]) for v in agent.violations() if v["rule"] == RULE)
    print(f"     {(stream.at - at) / 1e6:.0f} ms after the kernel's event (emulated)", flush=True)


def main():
    case = Case()
    mdev.load()
    path = mdev.create(mdev.SOURCE)
    for ca, name in (("ca", "server"), ("ca", "client"), ("other", "stranger")):
        if not (DIR / f"{ca}.pem").exists():
            certificate(ca)
        certificate(name, ca)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        agent = Guarded(listener)
    strangers(case, agent)
    files(case, agent)
    seen(case, agent, path)
    case.finish(agent)
    case.expect("secrets in the log", [s for s in (*FIRST, *SECOND, "guess") if s in agent.log], [])
    case.end()


main()
