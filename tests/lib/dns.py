"""A real name server with signed zones: nsd on a free loopback port, authoritative for everything.

    dns = Dns({"example": "@ MX 10 mail\\nmail A 127.0.0.2", "plain.example": "@ A 127.0.0.3"},
              unsigned={"plain.example"})
    dns.start()
    server = Server(dns.options())        # dns.enabled, dns.forwarders, dns.trust_anchors
    …
    dns.stop()

Zones are written in the language of zone files, without SOA and NS, which are added, as are the
delegations from the zone above and a root zone over all of them. The root's key is the trust
anchor. Every zone is signed but those in `unsigned`. `tamper` changes a zone's text after it was
signed, so that its signatures are wrong; `expired` zones have signatures of the past. `at` are
addresses whose port 53 it has, instead of a free one of 127.0.0.1.

The resolver has names of its own for some: use no zone below "test", "invalid" or "localhost".
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
from pathlib import Path

from .server import _alive, children_of, wait_until

TTL = 300


def free_port() -> int:
    """A loopback port that is free for UDP and TCP, outside the range for outgoing ports."""
    low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    top = low - 1 if low > 21000 else 65000
    for _ in range(500):
        port = random.randrange(20000, top)
        with socket.socket(type=socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                udp.bind(("127.0.0.1", port))
                tcp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port found")


def reverse_name(address: str) -> str:
    """"127.0.0.2" → "2.0.0.127.in-addr.arpa"."""
    return ".".join(reversed(address.split("."))) + ".in-addr.arpa"


class Dns:
    """One nsd and its zones."""

    def __init__(self, zones: dict[str, str], unsigned: set[str] = frozenset(),
                 tamper: dict[str, tuple[str, str]] | None = None,
                 expired: set[str] = frozenset(), at: list[str] | None = None):
        self.addresses = at or ["127.0.0.1"]
        self.port = 53 if at else free_port()
        self.zones = {name.strip("."): text for name, text in zones.items()}
        self.zones.setdefault("", "")
        self.unsigned = set(unsigned)
        self.tamper = dict(tamper or {})
        self.expired = set(expired)
        self.directory = Path(tempfile.mkdtemp(prefix="pg-dns-"))
        self.process: subprocess.Popen | None = None
        self.anchor = ""
        self._write_zones()

    def options(self) -> dict:
        """The options with which a server asks this name server and trusts its root."""
        return {"dns.enabled": True, "dns.forwarders": [f"{self.addresses[0]}:{self.port}"],
                "dns.trust_anchors": [self.anchor]}

    # Zones

    def _parent(self, zone: str) -> str:
        while zone:
            zone = zone.partition(".")[2]
            if zone in self.zones:
                return zone
        return ""

    def _write_zones(self) -> None:
        """The deepest first: a zone needs the keys of those below it."""
        delegations: dict[str, list[str]] = {zone: [] for zone in self.zones}
        for zone in sorted(self.zones, key=lambda name: (-name.count("."), not name, name)):
            records = self._sign(zone, "\n".join([self.zones[zone], *delegations[zone]]))
            if zone == "":
                self.anchor = records[-1]
            else:
                delegations[self._parent(zone)] += records

    def _sign(self, zone: str, records: str) -> list[str]:
        """Writes the zone's file; the records that the zone above must hold."""
        origin = f"{zone}."
        path = self.directory / f"{zone or 'root'}.zone"
        path.write_text(
            f"$ORIGIN {origin}\n$TTL {TTL}\n"
            f"@ SOA ns.nameserver.example-root. admin.nameserver.example-root. "
            f"1 3600 600 86400 {TTL}\n"
            f"@ NS ns.nameserver.example-root.\n{records}\n")
        parents = [f"{origin} NS ns.nameserver.example-root."]
        if zone in self.unsigned:
            return parents
        def run(*argv: str) -> str:
            return subprocess.run(argv, check=True, capture_output=True, text=True,
                                  cwd=self.directory).stdout.strip()
        key = run("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", origin)
        dates = ["-i", "20200101", "-e", "20200201"] if zone in self.expired else []
        run("ldns-signzone", *dates, "-o", origin, "-f", path.name, path.name, key)
        parents.append(" ".join((self.directory / f"{key}.ds").read_text().split()))
        if zone in self.tamper:
            old, new = self.tamper[zone]
            text = path.read_text()
            assert old in text, f"{zone} has no {old!r} to change"
            path.write_text(text.replace(old, new))
        return parents

    # Running

    def start(self) -> Dns:
        root = self.directory
        config = [
            "server:", *(f"  ip-address: {each}@{self.port}" for each in self.addresses),
            "  server-count: 1",
            '  username: ""', '  chroot: ""', '  database: ""', f'  zonesdir: "{root}"',
            f'  zonelistfile: "{root}/zone.list"', f'  xfrdfile: "{root}/xfrd.state"',
            f'  xfrdir: "{root}"', f'  pidfile: "{root}/nsd.pid"', f'  logfile: "{root}/nsd.log"',
            "  refuse-any: no", "remote-control:", "  control-enable: no"]
        for zone in self.zones:
            config += ["zone:", f'  name: "{zone}."', f'  zonefile: "{zone or "root"}.zone"']
        (root / "nsd.conf").write_text("\n".join(config) + "\n")
        self.process = subprocess.Popen(["nsd", "-d", "-c", str(root / "nsd.conf")],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.STDOUT)
        wait_until(self._answers, f"nsd answers: {self.log_text()[-1000:]}")
        return self

    def _answers(self) -> bool:
        assert self.process.poll() is None, f"nsd ended:\n{self.log_text()}"
        question = struct.pack(">HHHHHH", 7, 0, 1, 0, 0, 0) + b"\0" + struct.pack(">HH", 6, 1)
        with socket.socket(type=socket.SOCK_DGRAM) as udp:
            udp.settimeout(0.2)
            udp.connect((self.addresses[0], self.port))
            try:
                udp.send(question)
                return udp.recv(4096)[:2] == b"\0\7"
            except OSError:
                return False

    def stop(self) -> None:
        """Ends nsd; start() brings it back, on the same port."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)
        self.process = None
        server = self.directory / "nsd.pid"
        if server.exists() and (pid := int(server.read_text() or 0)) > 0:
            wait_until(lambda: not _alive(pid), "nsd ends")

    def pause(self) -> None:
        """Lets nsd answer nothing, without a refusal, until resume()."""
        self._signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: int) -> None:
        for pid in [self.process.pid, *children_of(self.process.pid)]:
            assert pid > 0
            os.kill(pid, number)

    def destroy(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.resume()
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def log_text(self) -> str:
        log = self.directory / "nsd.log"
        return log.read_text(errors="replace") if log.exists() else ""


class SilentDns:
    """A port that takes questions and answers none."""

    def __init__(self):
        self.port = free_port()
        self.udp = socket.socket(type=socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        self.tcp = socket.create_server(("127.0.0.1", self.port))

    def options(self) -> dict:
        return {"dns.enabled": True, "dns.forwarders": [f"127.0.0.1:{self.port}"]}

    def destroy(self) -> None:
        self.udp.close()
        self.tcp.close()
