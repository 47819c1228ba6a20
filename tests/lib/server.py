"""Runs the real server: a temporary directory, free ports, start, stop, kill, and its commands.

    server = Server({"auth.allow_plaintext_loopback": True})
    server.create()
    server.start()
    server.add_account("ann", "a long password")

Only processes of this instance are ever signalled: the one started here and its children, found
through /proc by parent.
"""

from __future__ import annotations

import json
import os
import random
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .connection import SLOW, Connection

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = "example.test"
HOSTNAME = "mx.example.test"
PASSWORD = "correct-Horse-7-battery"

STANDARD_PORTS = {"smtp": 25, "submissions": 465, "submission": 587, "imap": 143, "imaps": 993,
                  "pop3": 110, "pop3s": 995}



def binary() -> Path:
    return Path(os.environ.get("PEREGRINE_BINARY", ROOT / "build/release/peregrine")).resolve()


def _free(offset: int) -> bool:
    for port in STANDARD_PORTS.values():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port + offset))
            except OSError:
                return False
    return True


def free_offset() -> int:
    """An offset at which every port is free, outside the kernel's range for outgoing ports."""
    low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    top = low - 1100 if low > 25000 else 60000
    for _ in range(500):
        offset = random.randrange(20000, top)
        if _free(offset):
            return offset
    raise AssertionError("no free port offset found")


def toml_value(value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    if isinstance(value, int):
        return str(value)
    return json.dumps(str(value))


def set_option(text: str, name: str, value) -> str:
    """The TOML `text` with `name` ("section.key") set: replaced in place, uncommented, or added."""
    section, _, key = name.rpartition(".")
    lines = text.split("\n")
    assignment = f"{key} = {toml_value(value)}"
    current, header_at, commented_at = "", None, None
    for index, line in enumerate(lines):
        header = re.match(r"\s*\[([^\[\]]+)\]\s*(#.*)?$", line)
        if header:
            current = header.group(1).strip()
            if current == section:
                header_at = index
        elif current == section and re.match(rf"\s*{re.escape(key)}\s*=", line):
            lines[index] = assignment
            return "\n".join(lines)
        elif current == section and re.match(rf"\s*#\s*{re.escape(key)}\s*=", line):
            commented_at = index
    if commented_at is not None:
        lines[commented_at] = assignment
    elif header_at is not None:
        lines.insert(header_at + 1, assignment)
    elif section:
        lines += [f"[{section}]", assignment, ""]
    else:
        lines.insert(0, assignment)
    return "\n".join(lines)


def children_of(pid: int) -> list[int]:
    """All descendants of `pid`, nearest first."""
    parents: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            stat = Path(f"/proc/{entry}/stat").read_text()
        except OSError:
            continue
        parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry))
    found, queue = [], [pid]
    while queue:
        for child in parents.get(queue.pop(0), []):
            found.append(child)
            queue.append(child)
    return found


def wait_until(condition, what: str, timeout: float = 15.0):
    """Polls `condition` until it is true, and returns what it gave.

    For facts that offer no descriptor to wait on (a file that appears, a process that ends).
    """
    deadline = time.monotonic() + timeout * SLOW
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not in time: {what}")
        time.sleep(0.01)


class Server:
    """One instance of the server with its own directory, ports and data."""

    def __init__(self, options: dict | None = None, directory: Path | None = None):
        self.options = dict(options or {})
        self.directory = directory or Path(tempfile.mkdtemp(prefix="pg-"))
        self.config = self.directory / "peregrine.toml"
        self.data = self.directory / "data"
        self.log_path = self.directory / "server.log"
        self.process: subprocess.Popen | None = None
        self.offset = 0

    # Configuration

    def create(self) -> Server:
        """Runs `init` with a fresh port offset and applies the options."""
        self.offset = free_offset()
        self.run_init(self.offset)
        # Two processes less; tests of mail that leaves switch it on.
        self.set("outbound.enabled", False)
        for name, value in self.options.items():
            self.set(name, value)
        return self

    def run_init(self, offset: int, *extra: str, check: bool = True) -> subprocess.CompletedProcess:
        return self.command(
            "init", "--config", str(self.config), "--data", str(self.data), "--domain", DOMAIN,
            "--hostname", HOSTNAME, "--listen", "127.0.0.1", "--port-offset", str(offset), *extra,
            check=check, with_config=False)

    def set(self, name: str, value) -> None:
        self.config.write_text(set_option(self.config.read_text(), name, value))

    def port(self, service: str) -> int:
        return STANDARD_PORTS[service] + self.offset

    @property
    def lmtp_path(self) -> str:
        return str(self.data / "lmtp.sock")

    # Commands

    def command(self, *args: str, input: str | bytes | None = None, check: bool = True,
                with_config: bool = True, timeout: float = 30) -> subprocess.CompletedProcess:
        """Runs one command of the binary; with `check`, it must end with 0."""
        argv = [str(binary())]
        if with_config:
            argv += ["--config", str(self.config)]
        argv += args
        data = input.encode() if isinstance(input, str) else input
        feed = {"input": data} if data is not None else {"stdin": subprocess.DEVNULL}
        done = subprocess.run(argv, capture_output=True, timeout=timeout * SLOW, **feed)
        if check:
            assert done.returncode == 0, (
                f"{' '.join(args)}: status {done.returncode}\n{done.stdout.decode()}"
                f"{done.stderr.decode()}")
        return done

    def add_account(self, local: str, password: str = PASSWORD, *extra: str) -> str:
        address = local if "@" in local else f"{local}@{DOMAIN}"
        self.command("account", "add", address, "--password-stdin", *extra, input=password)
        return address

    def add_accounts(self, locals_: list[str], password: str = PASSWORD) -> list[str]:
        """Many at once: hashing is slow on purpose, so the commands run side by side."""
        with ThreadPoolExecutor(max_workers=4) as pool:
            return list(pool.map(lambda local: self.add_account(local, password), locals_))

    def status(self) -> dict:
        return json.loads(self.command("status", "--json").stdout)

    def role_pids(self, role: str) -> list[int]:
        """The running processes of a role, as `status --json` lists them."""
        return [process["pid"] for process in status_processes(self.status())
                if process["role"] == role and process["pid"] > 0]

    # Running

    def start(self, timeout: float = 30.0) -> Server:
        """Starts the server and waits for `ready`. A clash of ports is answered by new ones."""
        for attempt in range(5):
            if self._try_start(timeout * SLOW):
                return self
            text = self.log_text()
            if attempt == 4 or "use" not in text.lower():
                break
            self._move_ports()
        raise AssertionError(f"the server did not become ready:\n{self.log_text()[-4000:]}")

    def spawn(self) -> None:
        """Starts the process and does not wait for it."""
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [str(binary()), "serve", "--config", str(self.config)], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=log, start_new_session=True)

    def _try_start(self, timeout: float) -> bool:
        self.spawn()
        os.set_blocking(self.process.stdout.fileno(), False)
        deadline, seen = time.monotonic() + timeout, b""
        while time.monotonic() < deadline:
            left = max(0.0, deadline - time.monotonic())
            if not select.select([self.process.stdout], [], [], left)[0]:
                break
            data = self.process.stdout.read(4096)
            if data:
                seen += data
                if b"ready\n" in seen:
                    return True
            elif data == b"":
                self.process.wait(timeout)
                self.process = None
                return False
        self.kill_all()
        return False

    def _move_ports(self) -> None:
        old, self.offset = self.offset, free_offset()
        text = self.config.read_text()
        moved = re.sub(r"(?m)^(\s*port_offset\s*=\s*)\d+", rf"\g<1>{self.offset}", text)
        if moved == text:
            for port in STANDARD_PORTS.values():
                moved = moved.replace(str(port + old), str(port + self.offset))
        self.config.write_text(moved)

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def stop(self, timeout: float = 20.0) -> int:
        """SIGTERM, and the exit status; all processes must be gone."""
        assert self.process is not None
        pids = children_of(self.pid)
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout * SLOW)
        except subprocess.TimeoutExpired:
            self.kill_all()
            raise AssertionError(f"no end after SIGTERM:\n{self.log_text()[-3000:]}") from None
        self.process.stdout.close()
        self.process = None
        wait_until(lambda: not any(_alive(pid) for pid in pids), "children end with the server")
        return status

    def kill_all(self) -> None:
        """SIGKILL to every process of this instance at once."""
        if self.process is None:
            return
        # The supervisor is stopped first, so that it cannot start anything in between.
        self.process.send_signal(signal.SIGSTOP)
        pids = [self.pid, *children_of(self.pid)]
        for pid in pids:
            _kill(pid)
        self.process.wait(20)
        self.process.stdout.close()
        self.process = None
        wait_until(lambda: not any(_alive(pid) for pid in pids), "killed processes end")

    def restart(self) -> None:
        assert self.stop() == 0
        self.start()

    def reload(self) -> None:
        """SIGHUP to the supervisor."""
        self.process.send_signal(signal.SIGHUP)

    def destroy(self) -> None:
        self.kill_all()
        shutil.rmtree(self.directory, ignore_errors=True)

    # Observation

    def log_text(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def wait_log(self, pattern: str, start: int = 0, timeout: float = 15.0) -> re.Match:
        """Waits until the log, from character `start`, matches."""
        return wait_until(lambda: re.search(pattern, self.log_text()[start:]),
                          f"log line /{pattern}/", timeout)

    # Raw connections

    def connect(self, service: str, **kwargs) -> Connection:
        if service == "lmtp":
            return Connection.unix(self.lmtp_path, **kwargs)
        return Connection.tcp(self.port(service), **kwargs)


def status_processes(status: dict) -> list[dict]:
    """The processes in `status --json`, each with "role" and "pid"."""
    for key in ("processes", "roles"):
        listed = status.get(key)
        if isinstance(listed, list):
            return listed
        if isinstance(listed, dict):
            return [{"role": role, "pid": pid} for role, pids in listed.items()
                    for pid in (pids if isinstance(pids, list) else [pids])]
    raise AssertionError(f"no list of processes in the status: {status}")


def _alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
