"""Clients from elsewhere: the PROXY header that makes them, bans, and hourly budgets.

Everything here connects from a loopback address, which is trusted; a PROXY header from a load
balancer's address (listen.proxy_from) makes a stranger of the connection.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import struct

import pytest

from lib.server import DOMAIN, Server, wait_until

STRANGER = "192.0.2.9"
V2 = b"\r\n\r\n\0\r\nQUIT\n"


class Client:
    """A socket with a PROXY header in front, and lines."""

    def __init__(self, server: Server, header: bytes, service: str = "smtp"):
        self.socket = socket.create_connection(("127.0.0.1", server.port(service)), timeout=15)
        self.socket.sendall(header)
        self.file = self.socket.makefile("rb")

    def line(self) -> str:
        try:
            return self.file.readline().decode("latin-1").rstrip("\r\n")
        except ConnectionResetError:
            return ""

    def reply(self) -> str:
        while True:
            line = self.line()
            if len(line) < 4 or line[3] != "-":
                return line

    def ask(self, command: str) -> str:
        self.socket.sendall(command.encode("latin-1") + b"\r\n")
        return self.reply()

    def close(self) -> None:
        self.file.close()
        self.socket.close()


def proxied(address: str = STRANGER) -> bytes:
    family = "TCP6" if ":" in address else "TCP4"
    local = "::1" if ":" in address else "127.0.0.1"
    return f"PROXY {family} {address} {local} 4242 25\r\n".encode()


def stranger(server: Server, address: str = STRANGER, service: str = "smtp") -> Client:
    return Client(server, proxied(address), service)


@pytest.fixture
def server():
    instance = Server({
        "listen.proxy_from": ["127.0.0.0/8"],
        "limits.greeting_pause": "50 ms",
        "bans.offences": 3,
        "limits.unknown_recipients_per_address": 5,
        "limits.messages_per_address": 3,
        "limits.error_pause": "0 ms",
        "roles.front": 2,
        "roles.mx": 1,
    })
    instance.create()
    instance.start()
    instance.add_account("ann")
    yield instance
    instance.destroy()


def bans(server: Server) -> list[dict]:
    return json.loads(server.command("ban", "list", "--json").stdout)


def test_both_versions_name_the_client(server):
    v4 = struct.pack("!BBH4s4sHH", 0x21, 0x11, 12, socket.inet_aton("192.0.2.17"),
                     socket.inet_aton("192.0.2.1"), 1000, 25)
    for header in (proxied("192.0.2.17"), V2 + v4):
        client = Client(server, header)
        assert client.reply().startswith("220 ")
        assert client.ask("EHLO client.test").startswith("250 ")
        start = len(server.log_text())
        assert client.ask("MAIL FROM:<a@remote.example>").startswith("250 ")
        assert client.ask(f"RCPT TO:<nobody@{DOMAIN}>").startswith("550 ")
        server.wait_log(r"smtp.recipient_refused .*peer=192\.0\.2\.17 ", start)
        client.close()


def test_a_health_check_is_the_proxy_itself(server):
    for header in (V2 + bytes([0x20, 0, 0, 0]), b"PROXY UNKNOWN\r\n"):
        client = Client(server, header)
        assert client.reply().startswith("220 ")
        assert client.ask("QUIT").startswith("221 ")
        client.close()


def test_without_the_header_there_is_no_session(server):
    client = Client(server, b"EHLO client.test\r\n")
    assert client.reply().startswith("554 ")
    assert client.line() == ""
    client.close()


def test_a_client_behind_it_that_talks_early(server):
    client = Client(server, proxied() + b"EHLO early.test\r\n")
    assert client.line().startswith("220-")
    assert client.reply().startswith("554 5.5.1 ")
    client.close()


def test_tls_follows_the_header(server):
    raw = socket.create_connection(("127.0.0.1", server.port("imaps")), timeout=15)
    raw.sendall(proxied("192.0.2.33"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with context.wrap_socket(raw) as secure:
        assert secure.recv(100).startswith(b"* OK ")


def test_the_greeting_has_two_lines_for_strangers(server):
    client = stranger(server)
    assert client.line().startswith("220-mx.example.test ")
    assert client.line() == "220 mx.example.test ESMTP"
    client.close()


def offend(server: Server, address: str) -> None:
    client = stranger(server, address)
    assert client.reply().startswith("220 ")
    client.socket.sendall(b"GET / HTTP/1.1\r\n")
    assert client.reply().startswith("554 ")
    client.close()


def test_offences_make_a_ban_that_can_be_lifted(server):
    for _ in range(3):
        offend(server, STRANGER)
    wait_until(lambda: bans(server), "the ban")
    (ban,) = bans(server)
    assert ban["network"] == STRANGER and 590 <= ban["seconds_left"] <= 600
    assert not ban["by_operator"]
    for service, word in (("smtp", "421 4.7.0 "), ("imap", "* BYE "), ("pop3", "-ERR ")):
        client = stranger(server, service=service)
        assert client.reply().startswith(word)
        assert client.line() == ""
        client.close()
    other = stranger(server, "192.0.2.10")
    assert other.reply().startswith("220 ")
    other.close()
    server.command("ban", "lift", STRANGER)
    assert bans(server) == []
    client = stranger(server)
    assert client.reply().startswith("220 ")
    client.close()


def test_early_talk_is_an_offence_too(server):
    for _ in range(3):
        client = Client(server, proxied("192.0.2.77") + b"EHLO early.test\r\n")
        assert client.reply().startswith("554 ")
        client.close()
    wait_until(lambda: [ban for ban in bans(server) if ban["network"] == "192.0.2.77"], "the ban")


def test_an_operator_bans(server):
    server.command("ban", "add", "2001:db8::5", "--for", "1h")
    (ban,) = bans(server)
    assert ban["network"] == "2001:db8::/64" and ban["by_operator"]
    assert 3590 <= ban["seconds_left"] <= 3600
    assert "2001:db8::/64" in server.command("ban", "list").stdout.decode()
    client = stranger(server, "2001:db8::77")
    assert client.reply().startswith("421 4.7.0 ")
    client.close()
    for wrong in ("127.0.0.1", "127.0.0.9", "nonsense"):
        done = server.command("ban", "add", wrong, check=False)
        assert done.returncode == 1 and wrong in done.stderr.decode()
    assert server.command("ban", "add", "192.0.2.1", "--for", "soon", check=False).returncode == 2
    assert server.command("ban", "lift", "192.0.2.1", check=False).returncode == 1


def test_bans_hold_after_a_front_was_killed(server):
    server.command("ban", "add", STRANGER)
    for pid in server.role_pids("front"):
        os.kill(pid, signal.SIGKILL)

    def refused() -> bool:
        try:
            client = stranger(server)
            line = client.reply()
            client.close()
        except OSError:
            return False
        assert not line.startswith("220 "), "a new front forgot the ban"
        return line.startswith("421 4.7.0 ")
    wait_until(refused, "a new front")


def test_guesses_are_budgeted_over_connections(server):
    codes = []
    for session in range(4):
        client = stranger(server, "192.0.2.50")
        client.reply()
        client.ask("EHLO client.test")
        client.ask("MAIL FROM:<a@remote.example>")
        codes += [client.ask(f"RCPT TO:<nobody{session}{i}@{DOMAIN}>")[:3] for i in range(2)]
        last = client.ask(f"RCPT TO:<ann@{DOMAIN}>")[:3]
        client.close()
        if "450" in codes:
            assert last == "450", "who exists looks like who does not"
            break
    assert codes == ["550"] * 5 + ["450"]


def test_messages_are_budgeted_over_connections(server):
    answers = []
    for _ in range(4):
        client = stranger(server, "192.0.2.60")
        client.reply()
        client.ask("EHLO client.test")
        answers.append(client.ask("MAIL FROM:<a@remote.example>")[:9])
        client.close()
    assert answers == ["250 2.1.0"] * 3 + ["450 4.7.1"]


def test_from_elsewhere_the_header_is_a_foreign_protocol():
    instance = Server({"limits.greeting_pause_loopback": "0 s"})
    instance.create()
    instance.start()
    try:
        client = Client(instance, b"")
        assert client.reply().startswith("220 ")
        client.socket.sendall(proxied())
        assert client.reply().startswith("554 ")
        client.close()
    finally:
        instance.destroy()
