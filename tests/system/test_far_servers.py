"""What is submitted here reaches Postfix, Exim and smtp-sink as it was written."""

from __future__ import annotations

import re

import pytest

from lib.peers import Exim, Postfix, SmtpSink
from lib.sending import is_empty, send, sending_server
from lib.server import wait_until

HEAD = (b"From: Ann <ann@example.test>\r\nTo: a@remote.example\r\nSubject: far\r\n"
        b"Date: Tue, 24 Nov 2026 10:00:00 +0000\r\nMessage-ID: <far@example.test>\r\n"
        b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: 8bit\r\n\r\n")

# No body ends with an empty line: smtp-sink's files do not show whether there was one.
BODIES = {
    "small": b"one line\r\n",
    "dots": b".\r\n..\r\n. \r\n.first\r\n..second\r\nmiddle.\r\n\r\n.\r\nQUIT\r\n..\r\n.last.\r\n",
    "eight_bit": "Grüße, 猫, 🐦\r\n".encode() + bytes(range(128, 256)) + b"\r\n",
    "blanks": b"\r\n\r\n  leading\r\ntrailing \t\r\n\r\n\ttab\r\n",
    "froms": b"From here\r\n>From there\r\nReceived: no\r\n",
    "longest_line": b"x" * 998 + b"\r\n." + b"y" * 997 + b"\r\n",
    # Stretches of content end anywhere in it, between CR and LF and before a dot too.
    "two_megabytes": b"".join(b".%07d " % i + b"abcdefg" * (i % 17) + b"\r\n"
                              for i in range(30000)),
}


@pytest.fixture(scope="module", params=[Postfix, Exim, SmtpSink])
def peer(request):
    with request.param() as peer:
        yield peer


@pytest.fixture(scope="module")
def server(peer):
    with sending_server({"remote.example": "@ MX 10 mx\nmx A 127.0.0.1"}, peer.port) as server:
        yield server


def check_same(content: bytes, message: bytes) -> None:
    """Only lines of the header were added, and before all others."""
    added = content.removesuffix(message)
    assert added != content, f"…{content[-300:]!r} is not …{message[-300:]!r}"
    assert re.fullmatch(rb"(?:[!-9;-~]+:.*\r\n(?:[ \t].*\r\n)*)+", added), added
    assert b"by mx.example.test" in added


@pytest.mark.parametrize("name", BODIES)
def test_content_arrives_as_it_was(server, peer, name):
    message = HEAD + BODIES[name]
    recipient = f"{name}@remote.example"
    send(server, message, "BODY=8BITMIME", {recipient: ""})
    (content,) = peer.wait_for(recipient)
    check_same(content, message)
    assert is_empty(server)


def test_many_recipients_come_in_one_transaction(server, peer):
    recipients = [f"r{i}@remote.example" for i in range(7)]
    message = HEAD + b"for all\r\n"
    send(server, message, "BODY=8BITMIME", dict.fromkeys(recipients, ""))
    contents = [content for each in recipients for content in peer.wait_for(each)]
    assert len(contents) == len(recipients)
    for content in contents:
        check_same(content, message)
    # One transaction has one identifier in the peer's own trace line.
    assert len({re.search(rb"\bid ([\w-]+)", content).group(1) for content in contents}) == 1
    assert is_empty(server)


def test_chunks_are_used_where_they_are_offered(server, peer):
    used = {Postfix: r"disconnect from .* bdat=\d", Exim: r"<= ann@example\.test .*\bK\b"}
    if type(peer) not in used:
        pytest.skip("smtp-sink does not offer CHUNKING")
    send(server, HEAD + b"chunk\r\n", "BODY=8BITMIME", {"chunk@remote.example": ""})
    peer.wait_for("chunk@remote.example")
    # Postfix logs a session when it has ended.
    wait_until(lambda: re.search(used[type(peer)], peer.log_text()), f"BDAT in {peer.log_text()}",
               timeout=30)
    assert not re.search(r"disconnect from .* data=\d", peer.log_text())
