"""People who type at our ports: real telnet and nc in a terminal, and what they are told (V15).

A relay makes strangers of them with a PROXY header, since people on this machine may type.
"""

from __future__ import annotations

import os
import pty
import select
import shutil
import socket
import subprocess
import threading
import time
from dataclasses import dataclass

import pytest

from lib.connection import SLOW
from lib.server import DOMAIN, Server

TELNET = shutil.which("telnet")
NC = shutil.which("nc")


class Relay:
    """Passes connections on to the server, with a header that names a stranger."""

    def __init__(self, port: int, header: bytes):
        self.target, self.header = port, header
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target))
            server.sendall(self.header)
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self.copy, args=(one, other), daemon=True).start()

    @staticmethod
    def copy(one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(4096):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self) -> None:
        self.listener.close()


class Terminal:
    """A program in a terminal, and somebody who types there."""

    def __init__(self, *argv: str):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave,
                                        start_new_session=True)
        os.close(slave)
        self.seen = ""

    def read(self) -> bool:
        if not select.select([self.master], [], [], 0.1)[0]:
            return True
        try:
            data = os.read(self.master, 4096)
        except OSError:
            return False
        self.seen += data.decode("latin-1")
        return bool(data)

    def wait_for(self, text: str, timeout: float = 15.0) -> None:
        deadline = time.monotonic() + timeout * SLOW
        while text not in self.seen:
            assert time.monotonic() < deadline, f"no {text!r} in {self.seen!r}"
            assert self.read() or text in self.seen, f"ended without {text!r}: {self.seen!r}"

    def think(self, seconds: float) -> None:
        """A person reads what came and finds the keys; this pace is what is under test."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read()

    def type(self, line: str) -> None:
        os.write(self.master, line.encode() + b"\n")

    def close(self) -> None:
        if self.process.poll() is None and self.process.pid > 0:
            self.process.kill()
        self.process.wait(10)
        os.close(self.master)


def make_server(policy: str) -> Server:
    server = Server({"listen.proxy_from": ["127.0.0.0/8"], "limits.greeting_pause": "0 s",
                     "smtp.typists": policy, "roles.front": 1, "roles.mx": 1})
    server.create()
    server.start()
    return server


@pytest.fixture(params=["close"])
def server(request):
    instance = make_server(request.param)
    yield instance
    instance.destroy()


@pytest.fixture(params=["smtp"])
def service(request):
    return request.param


@pytest.fixture
def relay(server, service):
    made = Relay(server.port(service), b"PROXY TCP4 192.0.2.9 127.0.0.1 4242 25\r\n")
    yield made
    made.close()


def typists(server: Server) -> int:
    return sum(process["typists"] for process in server.status()["roles"])


@dataclass
class Talk:
    """What is typed, and what is waited for, of one protocol."""

    greeting: str
    first: str
    answer: str
    second: str
    shown_out: str
    last: str
    farewell: str


SMTP = Talk("220 ", "EHLO me.test", "250 ", "NOOP", "421 4.7.0 Interactive", "QUIT", "221 ")
TALKS = {
    "smtp": SMTP,
    "submission": SMTP,
    "imap": Talk("* OK", "a CAPABILITY", "a OK", "b NOOP", "* BYE Interactive", "c LOGOUT",
                 "* BYE"),
    "pop3": Talk("+OK", "CAPA", "\n.", "NOOP", "-ERR Interactive", "QUIT", "+OK Goodbye"),
}
every_service = pytest.mark.parametrize("service", TALKS, indirect=True)


def type_slowly(terminal: Terminal, talk: Talk) -> None:
    terminal.wait_for(talk.greeting)
    terminal.think(3.2)
    terminal.type(talk.first)
    terminal.wait_for(talk.answer)
    terminal.think(1.3)
    terminal.type(talk.second)


def leave(terminal: Terminal, talk: Talk) -> None:
    terminal.type(talk.last)
    terminal.wait_for(talk.farewell)


@pytest.mark.skipif(TELNET is None, reason="telnet is not installed")
@every_service
def test_telnet_is_shown_out(server, relay, service):
    terminal = Terminal(TELNET, "127.0.0.1", str(relay.port))
    try:
        type_slowly(terminal, TALKS[service])
        terminal.wait_for(TALKS[service].shown_out)
        server.wait_log(r"(smtp|login)\.typist .*peer=192\.0\.2\.9 policy=close")
        assert typists(server) == 1
    finally:
        terminal.close()


@pytest.mark.skipif(TELNET is None, reason="telnet is not installed")
@pytest.mark.parametrize("server", ["log", "delay"], indirect=True)
@every_service
def test_telnet_is_only_noted(server, relay, service):
    terminal = Terminal(TELNET, "127.0.0.1", str(relay.port))
    try:
        type_slowly(terminal, TALKS[service])
        server.wait_log(r"\.typist .*policy=(log|delay)")
        start = time.monotonic()
        leave(terminal, TALKS[service])
        delayed = time.monotonic() - start
        if "policy=delay" in server.log_text():
            assert delayed > 3
        assert "Interactive" not in terminal.seen
        assert typists(server) == 1
    finally:
        terminal.close()


@pytest.mark.skipif(TELNET is None, reason="telnet is not installed")
@pytest.mark.parametrize("server", ["allow"], indirect=True)
@pytest.mark.parametrize("service", ["smtp", "imap"], indirect=True)
def test_telnet_is_allowed(server, relay, service):
    terminal = Terminal(TELNET, "127.0.0.1", str(relay.port))
    try:
        type_slowly(terminal, TALKS[service])
        leave(terminal, TALKS[service])
        assert ".typist" not in server.log_text()
    finally:
        terminal.close()


@pytest.mark.skipif(TELNET is None, reason="telnet is not installed")
@every_service
def test_people_on_this_machine_may_type(server, service):
    relay = Relay(server.port(service), b"PROXY UNKNOWN\r\n")
    terminal = Terminal(TELNET, "127.0.0.1", str(relay.port))
    try:
        type_slowly(terminal, TALKS[service])
        leave(terminal, TALKS[service])
        assert ".typist" not in server.log_text()
    finally:
        terminal.close()
        relay.close()


@pytest.mark.skipif(NC is None, reason="nc is not installed")
@every_service
def test_nc_ends_its_lines_wrongly(server, relay, service):
    talk = TALKS[service]
    terminal = Terminal(NC, "127.0.0.1", str(relay.port))
    try:
        terminal.wait_for(talk.greeting)
        terminal.type(talk.first)
        terminal.wait_for({"imap": "* BYE", "pop3": "-ERR"}.get(service, "500 5.5.2 "))
        server.wait_log(r"smtp\.offence .*reason=.bare LF|login\.offence .*what=bad_line|"
                        r"login\.bad_framing")
    finally:
        terminal.close()


def test_a_slow_program_is_asked_and_goes_on(server, relay):
    """A question is not ASCII, which a mail program that is slow has to live with."""
    with socket.create_connection(("127.0.0.1", relay.port), timeout=15 * SLOW) as client:
        file = client.makefile("rb")
        assert file.readline().startswith(b"220 ")
        select.select([client], [], [], 3.2)
        client.sendall(b"HELO slow.test\r\n")
        assert b"\xff" not in file.readline()
        select.select([client], [], [], 1.3)
        client.sendall(b"NOOP\r\n")
        assert file.readline() == b"250 2.0.0 OK\xff\xfd\x06\r\n"
        for command in (b"MAIL FROM:<a@remote.example>\r\n",
                        f"RCPT TO:<nobody@{DOMAIN}>\r\n".encode(), b"QUIT\r\n"):
            client.sendall(command)
            assert b"\xff" not in file.readline()
        assert file.readline() == b""
    assert typists(server) == 0


@every_service
def test_a_program_is_never_asked(server, relay, service):
    talk = TALKS[service]
    with socket.create_connection(("127.0.0.1", relay.port), timeout=15 * SLOW) as client:
        file = client.makefile("rb")
        seen = file.readline()
        client.sendall(f"{talk.first}\r\n".encode())
        while talk.answer.encode() not in seen:
            seen += file.readline()
        for _ in range(8):
            client.sendall(f"{talk.second}\r\n".encode())
            seen += file.readline()
        client.sendall(f"{talk.last}\r\n".encode())
        seen += file.read()
        assert b"\xff" not in seen and talk.farewell.encode() in seen
    assert typists(server) == 0
