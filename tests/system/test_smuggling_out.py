"""What leaves can be read in one way only: a message with line ends that some next hop may take for
others is refused here, or leaves in a chunk, whose end no byte of it can bring on (V12)."""

from __future__ import annotations

import re

import pytest

from lib.dns import free_port
from lib.liar import Liar, ehlo
from lib.sending import ANN, is_empty, log_in, sending_server, wait_for_report
from lib.server import Server

HEAD = (b"From: ann@example.test\r\nSubject: outer\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\n"
        b"Message-ID: <outer@example.test>\r\n\r\nbody")
TAIL = (b"MAIL FROM:<evil@example.test>\r\nRCPT TO:<victim@strict.example>\r\nDATA\r\n"
        b"Subject: smuggled\r\n\r\nsmuggled\r\n.\r\n")
ENDS = [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\n.\r", b"\r.\n",
        b"\r\n\0.\r\n", b"\r\n.\0\r\n", b"\r\r\n.\r\r\n", b"\n\n.\r\n", b"\r\n.\r\r\n"]
STRICT, CHUNKS, BINARY = "127.0.6.1", "127.0.6.2", "127.0.6.3"
OFFERS = {STRICT: ["8BITMIME"], CHUNKS: ["8BITMIME", "CHUNKING"],
          BINARY: ["8BITMIME", "CHUNKING", "BINARYMIME"]}
ADDRESSES = ["a@strict.example", "a@chunks.example", "a@binary.example"]


@pytest.fixture(scope="module")
def server():
    zones = {name: f"@ MX 10 mx\nmx A {ip}" for name, ip in
             (("strict.example", STRICT), ("chunks.example", CHUNKS), ("binary.example", BINARY))}
    with sending_server(zones, free_port()) as server:
        yield server


@pytest.fixture
def hops(server):
    made = {ip: Liar(ip, server.options["outbound.port"], [{"ehlo": ehlo(*offers)}]).start()
            for ip, offers in OFFERS.items()}
    yield made
    for each in made.values():
        each.stop()


def submit_as(server: Server, command: str, message: bytes, recipients: list[str]):
    """The reply that the message got by DATA, BDAT or, as BINARYMIME, BDAT."""
    with log_in(server) as client:
        client.ehlo()
        options = ["BODY=BINARYMIME"] if command == "BINARY" else []
        assert client.mail(ANN, options)[0] == 250
        for each in recipients:
            assert client.rcpt(each)[0] == 250
        if command == "DATA":
            assert client.docmd("DATA")[0] == 354
            client.send(re.sub(rb"(?m)^\.", b"..", message) + b"\r\n.\r\n")
        else:
            client.send(b"BDAT %d LAST\r\n" % len(message) + message)
        return client.getreply()


def check_unambiguous(hops: dict[str, Liar]) -> None:
    for hop in hops.values():
        for session in hop.sessions:
            assert sum(each.startswith(b"MAIL") for each in session.commands) <= 1
            assert b"BDAT" in b" ".join(session.commands) or not re.search(
                rb"(?<!\r)\n|\r(?!\n)|\0", session.raw)
        assert all(b"victim" not in each.recipients[0] for each in hop.messages)


@pytest.mark.parametrize("end", ENDS, ids=repr)
@pytest.mark.parametrize("command", ["DATA", "BDAT"])
def test_odd_line_ends_do_not_leave(server, hops, command, end):
    message = HEAD + end + (TAIL if command == "BDAT" else b"smuggled")
    code, text = submit_as(server, command, message, ADDRESSES)
    assert code in (550, 554) and text.startswith(b"5.6."), text
    assert is_empty(server)
    assert not any(hop.sessions for hop in hops.values())


def test_binary_leaves_in_chunks_alone(server, hops):
    message = HEAD + b"".join(end + TAIL for end in ENDS)
    assert submit_as(server, "BINARY", message, ADDRESSES)[0] == 250
    (got,) = hops[BINARY].wait_for(1)
    assert got.content.endswith(message)
    for address in ADDRESSES[:2]:
        report = wait_for_report(server, address)
        assert "Status: 5.6.3" in report.as_string()
    assert is_empty(server)
    assert not hops[STRICT].messages and not hops[CHUNKS].messages
    check_unambiguous(hops)


def test_dots_and_commands_in_a_body_are_a_body(server, hops):
    message = HEAD + b"\r\n.\r\n" + TAIL
    assert submit_as(server, "BDAT", message, ADDRESSES)[0] == 250
    for hop in hops.values():
        (got,) = hop.wait_for(1)
        assert got.content.endswith(message)
    assert is_empty(server)
    check_unambiguous(hops)
