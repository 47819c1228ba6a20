"""Who may send what out, where a transcript cannot ask: over IPv6 and by LMTP (R-34, R-36), and
what reaches the next server of a message made to be split there (V12, G-OUT)."""

from __future__ import annotations

import base64
import re
import socket
from pathlib import Path

import pytest

from lib.clients import Imap, Smtp, crlf
from lib.connection import Connection
from lib.dns import Dns
from lib.recorder import Recorder
from lib.server import DOMAIN, PASSWORD, STANDARD_PORTS, Server, wait_until
from lib.wire import read_matrix, unescape

ANN = f"ann@{DOMAIN}"
WIRE = Path(__file__).resolve().parents[1] / "wire"
SEQUENCES = {row["name"]: unescape(row["end"]) for row in read_matrix(WIRE / "smuggle.matrix")}
FORMS = [(row["sender"], unescape(row["recipient"]).decode())
         for row in read_matrix(WIRE / "relay.matrix")]
BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n|\0")


@pytest.fixture(scope="module")
def dns():
    server = Dns({"remote.example": "@ MX 10 mx\nmx A 127.0.0.1\n"}).start()
    yield server
    server.destroy()


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def over_ipv6(server: Server, service: str) -> Smtp:
    return Smtp(Connection(socket.create_connection(("::1", server.port(service)))))


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 loopback")
def test_ipv6_has_no_more_rights(make_server):
    """R-34: what is refused over IPv4 is refused over IPv6."""
    server = make_server({"outbound.enabled": True, "listen.smtp": ["[::1]"],
                          "listen.submission": ["[::1]"]})
    for sender, recipient in FORMS:
        client = over_ipv6(server, "smtp")
        client.hello()
        client.command(f"MAIL FROM:{sender}")
        code, text = client.command(f"RCPT TO:{recipient}")
        assert code >= 500, (sender, recipient, text)
        assert client.command("DATA")[0] == 503
        client.quit()
    client = over_ipv6(server, "submission")
    client.hello()
    assert client.command(f"MAIL FROM:<{ANN}>")[0] == 530
    client.quit()


def test_lmtp_is_a_file(make_server):
    """R-36: LMTP is reached through the file system alone; every port speaks something else."""
    server = make_server()
    assert (server.data / "lmtp.sock").is_socket()
    for service in STANDARD_PORTS:
        connection = server.connect(service)
        if service.endswith("s"):
            connection.start_tls()
        connection.line()
        connection.send(b"LHLO client.test\r\n")
        assert not connection.line().startswith(b"250"), service
        connection.close()


def log_in(server: Server) -> Smtp:
    client = Smtp.open(server, "submission")
    token = base64.b64encode(f"\0ann\0{PASSWORD}".encode()).decode()
    assert client.command(f"AUTH PLAIN {token}")[0] == 235
    return client


def content(end: bytes) -> bytes:
    hidden = crlf(f"MAIL FROM:<boss@{DOMAIN}>\nRCPT TO:<smuggled@remote.example>\nDATA\n"
                  "Subject: inner\n\nhidden\n.\n")
    return crlf(f"From: <{ANN}>\nSubject: outer\n\ntext") + end + hidden


def send(client: Smtp, message: bytes, how: str) -> int:
    body = " BODY=BINARYMIME" if how == "binary" else ""
    assert client.command(f"MAIL FROM:<{ANN}>{body}")[0] == 250
    assert client.command("RCPT TO:<a@remote.example>")[0] == 250
    if how == "data":
        assert client.command("DATA")[0] == 354
        client.connection.send(message + b"\r\n.\r\n")
    else:
        client.connection.send(b"BDAT %d LAST\r\n" % len(message) + message)
    return client.reply()[0]


@pytest.mark.parametrize("offers", [(), ("8BITMIME", "PIPELINING"), ("CHUNKING", "8BITMIME")],
                         ids=["plain", "eightbit", "chunking"])
def test_nothing_leaves_that_could_be_split(make_server, dns, offers):
    """G-OUT: no lone CR, LF or NUL leaves, and one message stays one."""
    other = Recorder(offers).start()
    server = make_server({**dns.options(), "outbound.enabled": True,
                          "outbound.allow_loopback": True, "outbound.port": other.port})
    server.add_account("ann")
    try:
        for name, end in SEQUENCES.items():
            for how, code in (("data", 554), ("bdat", 550), ("binary", 250)):
                client = log_in(server)
                assert send(client, content(end), how) == code, (name, how)
                client.connection.close()
        # The real end of a message, within one that has a size, is text.
        whole = content(b"\r\n.\r\n")
        client = log_in(server)
        assert send(client, whole, "bdat") == 250
        client.quit()
        (got,) = other.wait_for(1)
        assert got.endswith(whole.partition(b"\r\n\r\n")[2])

        # RFC 3030 section 3: what is binary is returned where the next server takes no binary.
        def returned() -> bool:
            reader = Imap.open(server, "ann")
            count = reader.select()
            reader.logout()
            return count >= len(SEQUENCES)
        wait_until(returned, "the binary messages' return", timeout=60)
        assert len(other.messages) == 1
        assert not BARE.search(bytes(other.octets))
    finally:
        other.stop()

