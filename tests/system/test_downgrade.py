"""8-bit mail for a server that takes none (RFC 6152 section 3): converted, or returned when that
would break it. Python's own reader must find the same content."""

from __future__ import annotations

import email
import email.policy
import socketserver
import threading
from email.message import EmailMessage

import pytest

from lib.dns import Dns, free_port
from lib.server import Server
from test_outbound import ANN, inbox, log_in

ZONES = {"old.example": "@ MX 10 mx\nmx A 127.0.0.1\n"}
TEXT = "grüße von der größten Öffnung\r\n" * 5


class OldServer(socketserver.StreamRequestHandler):
    """A server of 1982: HELO, one message after the other, seven bits."""

    def handle(self):
        self.say("220 mx.old.example")
        while line := self.rfile.readline():
            verb = line.split()[0].upper() if line.split() else b""
            if verb == b"EHLO":
                self.say("250 mx.old.example")
            elif verb == b"DATA":
                self.say("354 go")
                self.server.messages.append(self.read_message())
                self.say("250 fine")
            elif verb == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.server.lines.append(line)
                self.say("250 fine")

    def read_message(self) -> bytes:
        out = b""
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            out += line[1:] if line.startswith(b".") else line
        return out

    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


@pytest.fixture()
def old():
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    with socketserver.ThreadingTCPServer(("127.0.0.1", free_port()), OldServer) as server:
        server.daemon_threads = True
        server.messages, server.lines = [], []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture()
def server(old):
    dns = Dns(ZONES).start()
    server = Server({**dns.options(), "outbound.enabled": True, "outbound.allow_loopback": True,
                     "outbound.port": old.server_address[1],
                     "auth.allow_plaintext_loopback": True}).create()
    server.add_account("ann")
    server.start()
    yield server
    server.destroy()
    dns.destroy()


def eight_bit_message() -> EmailMessage:
    policy = email.policy.SMTP.clone(cte_type="8bit")
    inner = EmailMessage(policy=policy)
    inner["Subject"] = "inside"
    inner.set_content(TEXT, cte="8bit")
    message = EmailMessage(policy=policy)
    message["From"], message["To"], message["Subject"] = ANN, "a@old.example", "out"
    message.set_content(TEXT, cte="8bit")
    message.add_attachment("schön\r\n", cte="8bit", filename="note.txt")
    message.add_attachment(inner)
    return message


def leaves(message: email.message.Message) -> list[tuple[str, bytes]]:
    return [(part.get_content_type(), part.get_payload(decode=True))
            for part in message.walk() if not part.is_multipart()]


def test_eight_bit_mail_is_converted(server, old):
    sent = eight_bit_message().as_bytes()
    assert not sent.isascii()
    with log_in(server) as client:
        client.sendmail(ANN, ["a@old.example"], sent, mail_options=["BODY=8BITMIME"])
    server.wait_log("courier.delivered", timeout=30)
    (got,) = old.messages
    assert got.isascii() and max(map(len, got.split(b"\r\n"))) <= 998
    assert not any(b"BODY" in line for line in old.lines)
    read = email.message_from_bytes(got, policy=email.policy.default)
    assert leaves(read) == leaves(email.message_from_bytes(sent, policy=email.policy.default))
    assert all(not part.defects for part in read.walk())


def test_signed_mail_is_returned_with_the_reason(server, old):
    sent = b"DKIM-Signature: v=1; d=example.test\r\n" + eight_bit_message().as_bytes()
    with log_in(server) as client:
        client.sendmail(ANN, ["a@old.example"], sent, mail_options=["BODY=8BITMIME"])
    (report,) = inbox(server, 1)
    status = report.get_payload()[1].as_string()
    assert "Status: 5.6.3" in status and "signed" in status
    assert old.messages == []
