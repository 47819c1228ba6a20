"""Notifications (RFC 3461) and SMTPUTF8 (RFC 6531) between the server and Postfix and Exim, which
send theirs back to ann."""

from __future__ import annotations

import base64
import email
import itertools
import re
from email.message import Message

import pytest

from lib.clients import Imap
from lib.peers import Exim, Peer, Postfix
from lib.sending import is_empty, send, sending_server
from lib.server import HOSTNAME, Server, wait_until

MX = "@ MX 10 mx\nmx A 127.0.0.1"
# The last is bücher.example.
ZONES = dict.fromkeys(["remote.example", "back.example", "xn--bcher-kva.example"], MX)

KINDS = {
    "postfix": (Postfix, ""),
    "exim": (Exim, "dsn_advertise_hosts = *"),
    "old_postfix": (Postfix, "smtpd_discard_ehlo_keywords = dsn\nsmtputf8_enable = no"),
    "old_exim": (Exim, "smtputf8_advertise_hosts ="),
}
NAMES = {Postfix: "postfix.example", Exim: "exim.example"}


def far_servers(*kinds: str):
    return pytest.mark.parametrize("far", kinds, indirect=True, scope="module")


able = far_servers("postfix", "exim")
old = far_servers("old_postfix", "old_exim")
any_kind = far_servers(*KINDS)

MESSAGE = (b"From: Ann <ann@example.test>\r\nTo: far@remote.example\r\nSubject: notices\r\n"
           b"Date: Tue, 24 Nov 2026 10:00:00 +0000\r\nMessage-ID: <notices@example.test>\r\n"
           b"\r\nthe body\r\n")
UTF8_MESSAGE = ("From: Ann <ann@example.test>\r\nTo: Jörg <jörg@remote.example>\r\n"
                "Subject: Grüße, 猫, 🐦\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\n"
                "Message-ID: <notices@example.test>\r\nMIME-Version: 1.0\r\n"
                "Content-Type: text/plain; charset=utf-8\r\n"
                "Content-Transfer-Encoding: 8bit\r\n\r\nschöner Text\r\n").encode()
# The header is ASCII, and that of its part is not.
UTF8_PART = (MESSAGE.partition(b"\r\n\r\n")[0] +
             ("\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
              "--b\r\nContent-Disposition: attachment; filename=\"Grüße.txt\"\r\n\r\n"
              "the body\r\n--b--\r\n").encode())


@pytest.fixture(scope="module")
def far(request):
    kind, settings = KINDS[request.param]
    peer = kind(settings)
    with sending_server(ZONES, peer.port) as server:
        peer.home = server.port("smtp")
        with peer:
            yield server, peer


_numbers = itertools.count(1)


@pytest.fixture
def sender():
    """An address of ann's that no other test uses: reports to it are about this one."""
    return f"ann+{next(_numbers)}@example.test"


def reports_to(server: Server, sender: str) -> list[bytes]:
    client = Imap.open(server, "ann")
    there = client.select()
    raw = [client.command(f"FETCH {i} BODY.PEEK[]")[0].split(b"\r\n", 1)[1].removesuffix(b")")
           for i in range(1, there + 1)]
    client.logout()
    return [each for each in raw if sender in email.message_from_bytes(each).get("To", "")]


def wait_for_report(server: Server, sender: str) -> bytes:
    """The only one to `sender`, once there is nothing more to do here."""
    wait_until(lambda: reports_to(server, sender), f"a report to {sender}", timeout=60)
    assert is_empty(server)
    (report,) = reports_to(server, sender)
    return report


def read_report(raw: bytes) -> tuple[Message, Message, Message]:
    """The fields of the message, those of its only recipient, and what is returned."""
    report = email.message_from_bytes(raw)
    assert report.get_content_type() == "multipart/report"
    assert report.get_param("report-type") == "delivery-status"
    _, status, returned = report.get_payload()
    # The module email makes no groups of message/global-delivery-status (RFC 6533 section 4.1).
    assert re.fullmatch("message/(global-)?delivery-status", status.get_content_type())
    _, *groups = status.as_bytes().strip().split(b"\n\n")
    message, recipient = (email.message_from_string(group.decode()) for group in groups)
    return message, recipient, returned


def decoded(part: Message) -> bytes | None:
    """What stands in the part in base 64, which the module email does not look for in message/*."""
    if part["Content-Transfer-Encoding"] != "base64":
        return None
    return base64.b64decode(part.as_bytes().partition(b"\n\n")[2])


def typed(value: str) -> tuple[str, str]:
    kind, _, rest = value.partition(";")
    return kind.strip().lower(), rest.strip()


def reported(peer: Peer, xtext: str) -> str:
    """What `peer` makes of the value of ENVID or ORCPT. Exim leaves the encoding in it."""
    if isinstance(peer, Exim):
        return xtext
    return re.sub(r"\+([0-9A-F]{2})", lambda match: chr(int(match[1], 16)), xtext)


@old
def test_success_is_reported_as_relayed_where_nobody_else_will(far, sender):
    """RFC 3461 section 5.2.2: and the server that does not offer DSN is not sent its parameters."""
    server, peer = far
    send(server, MESSAGE, "RET=FULL ENVID=Relayed",
         {"relayed@remote.example": "NOTIFY=SUCCESS ORCPT=rfc822;First+2BLast@elsewhere.example",
          "failure@remote.example": "NOTIFY=FAILURE",
          "never@remote.example": "NOTIFY=NEVER",
          "silent@remote.example": ""}, sender)
    for name in ("relayed", "failure", "never", "silent"):
        peer.wait_for(f"{name}@remote.example")
    message, recipient, returned = read_report(wait_for_report(server, sender))
    assert typed(message["Reporting-MTA"]) == ("dns", HOSTNAME)
    assert message["Original-Envelope-Id"] == "Relayed"
    assert typed(recipient["Original-Recipient"]) == ("rfc822", "First+Last@elsewhere.example")
    assert typed(recipient["Final-Recipient"]) == ("rfc822", "relayed@remote.example")
    assert recipient["Action"] == "relayed"
    assert recipient["Status"].startswith("2.")
    kind, reply = typed(recipient["Diagnostic-Code"])
    assert kind == "smtp" and reply.startswith("250")
    # RFC 3461 section 6.2: nothing failed, so that the header is enough.
    assert returned.get_content_type() == "text/rfc822-headers"
    assert "Message-ID: <notices@example.test>" in returned.get_payload()


@old
@pytest.mark.parametrize("recipient,arrives_for", [
    ("ascii@remote.example", "ascii@remote.example"),
    ("georg@bücher.example", "georg@xn--bcher-kva.example")], ids=["ascii", "domain"])
def test_ascii_goes_whatever_was_announced(far, sender, recipient, arrives_for):
    """RFC 6531 section 3.2: and a domain in A-labels is ASCII too."""
    server, peer = far
    send(server, MESSAGE, "SMTPUTF8", {recipient: ""}, sender)
    (content,) = peer.wait_for(arrives_for)
    assert content.endswith(MESSAGE)
    assert is_empty(server) and reports_to(server, sender) == []


@old
@pytest.mark.parametrize("recipient,message", [
    ("jörg@remote.example", MESSAGE), ("header@remote.example", UTF8_MESSAGE),
    ("part@remote.example", UTF8_PART)], ids=["recipient", "header", "part"])
def test_utf8_comes_back_where_it_cannot_go(far, sender, recipient, message):
    """RFC 6531 section 3.2, and a report that goes anywhere (RFC 6533 section 4.5)."""
    server, peer = far
    send(server, message, "BODY=8BITMIME SMTPUTF8 RET=FULL", {recipient: ""}, sender)
    wait_until(lambda: reports_to(server, sender) or peer.received(recipient), "some end of it")
    assert peer.received(recipient) == []
    raw = wait_for_report(server, sender)
    _, fields, returned = read_report(raw)
    assert (fields["Action"], fields["Status"]) == ("failed", "5.6.7")
    kind = "rfc822" if recipient.isascii() else "utf-8"
    assert typed(fields["Final-Recipient"]) == (kind, recipient.replace("ö", r"\x{F6}"))
    assert raw.isascii() or returned.get_content_type().startswith("message/global")
    header = message.partition(b"\r\n\r\n")[0]
    assert header in (decoded(returned) or raw)


@any_kind
@pytest.mark.parametrize("ret", ["FULL", "HDRS"])
def test_a_refusal_is_reported_where_it_was_asked_for(far, sender, ret):
    server, peer = far
    send(server, MESSAGE, f"RET={ret} ENVID=refused",
         {"gone@back.example": "NOTIFY=NEVER",
          "gone@xn--bcher-kva.example": "NOTIFY=SUCCESS,DELAY",
          "gone@remote.example": "NOTIFY=FAILURE ORCPT=rfc822;first@elsewhere.example",
          f"taken-{ret}@remote.example": "NOTIFY=FAILURE"}, sender)
    peer.wait_for(f"taken-{ret}@remote.example")
    message, recipient, returned = read_report(wait_for_report(server, sender))
    assert typed(message["Reporting-MTA"]) == ("dns", HOSTNAME)
    assert message["Original-Envelope-Id"] == "refused"
    assert typed(recipient["Original-Recipient"]) == ("rfc822", "first@elsewhere.example")
    assert typed(recipient["Final-Recipient"]) == ("rfc822", "gone@remote.example")
    assert (recipient["Action"], recipient["Status"]) == ("failed", "5.1.1")
    kind, reply = typed(recipient["Diagnostic-Code"])
    assert kind == "smtp" and reply.startswith("550 5.1.1 ") and "nobody of that name" in reply
    assert returned.get_content_type() == ("message/rfc822" if ret == "FULL"
                                           else "text/rfc822-headers")
    assert b"Message-ID: <notices@example.test>" in returned.as_bytes()
    assert (b"the body" in returned.as_bytes()) == (ret == "FULL")


@far_servers("postfix")
def test_the_envelope_identifier_is_told_without_its_encoding(far, sender):
    """RFC 3461 section 6.3 (a)."""
    server, _ = far
    send(server, MESSAGE, "ENVID=QQ+3D314", {"gone@remote.example": ""}, sender)
    message, _, _ = read_report(wait_for_report(server, sender))
    assert message["Original-Envelope-Id"] == "QQ=314"


@far_servers("postfix")
def test_the_far_server_is_told_by_its_name(far, sender):
    """RFC 3461 section 6.3 (h) and section 9.3; RFC 3464 section 2.1.1 for comments."""
    server, _ = far
    send(server, MESSAGE, "", {"gone@remote.example": ""}, sender)
    _, recipient, _ = read_report(wait_for_report(server, sender))
    kind, name = typed(recipient["Remote-MTA"])
    assert kind == "dns" and re.fullmatch(r"mx\.remote\.example( \(.*\))?", name), name


@able
def test_success_is_reported_by_the_server_that_delivers(far, sender):
    """RFC 3461 section 5.2.1."""
    server, peer = far
    send(server, MESSAGE, "RET=HDRS ENVID=QQ+3D314",
         {"success@remote.example":
          "NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;First+2BLast@elsewhere.example"}, sender)
    peer.wait_for("success@remote.example")
    message, recipient, _ = read_report(wait_for_report(server, sender))
    assert typed(message["Reporting-MTA"]) == ("dns", NAMES[type(peer)])
    assert message["Original-Envelope-Id"] == reported(peer, "QQ+3D314")
    address = reported(peer, "First+2BLast@elsewhere.example")
    assert typed(recipient["Original-Recipient"]) == ("rfc822", address)
    assert typed(recipient["Final-Recipient"]) == ("rfc822", "success@remote.example")
    assert recipient["Action"].startswith("delivered")


@able
@pytest.mark.parametrize("ret", ["FULL", "HDRS"])
def test_a_later_failure_is_reported_as_was_asked(far, sender, ret):
    """The far server takes these, and nobody takes them from it."""
    server, peer = far
    send(server, MESSAGE, f"RET={ret} ENVID=QQ+3D314",
         {"never@back.example": "NOTIFY=NEVER ORCPT=rfc822;never@elsewhere.example",
          "success@back.example": "NOTIFY=SUCCESS ORCPT=rfc822;success@elsewhere.example",
          "failure@back.example": "NOTIFY=FAILURE ORCPT=rfc822;failure@elsewhere.example"}, sender)
    message, recipient, returned = read_report(wait_for_report(server, sender))
    assert typed(message["Reporting-MTA"]) == ("dns", NAMES[type(peer)])
    assert message["Original-Envelope-Id"] == reported(peer, "QQ+3D314")
    assert typed(recipient["Original-Recipient"]) == ("rfc822", "failure@elsewhere.example")
    assert recipient["Action"] == "failed"
    assert (b"the body" in returned.as_bytes()) == (ret == "FULL")


@able
@pytest.mark.parametrize("recipient,arrives_for", [
    ("jörg@remote.example", "jörg@remote.example"),
    ("jörg@bücher.example", "jörg@xn--bcher-kva.example")], ids=["local_part", "domain"])
def test_utf8_arrives_as_it_was(far, sender, recipient, arrives_for):
    """RFC 6531 section 3.2: a domain is looked up as its A-label."""
    server, peer = far
    send(server, UTF8_MESSAGE, "BODY=8BITMIME SMTPUTF8", {recipient: ""}, sender)
    (content,) = peer.wait_for(arrives_for)
    assert content.endswith(UTF8_MESSAGE)
    # RFC 6531 section 4.3: the peer's trace is the first one.
    assert re.search(rb"(?i)\bwith UTF8E?SMTP", content.split(b"\r\nReceived:")[1]), content
    assert is_empty(server)


@able
@pytest.mark.parametrize("form", [r"j\x{F6}rg", "jörg"])
def test_the_original_recipient_keeps_its_utf8(far, sender, form):
    """RFC 6533 section 3: its own escapes in ORCPT, never those of xtext."""
    server, peer = far
    send(server, MESSAGE, "SMTPUTF8",
         {"utf8-orcpt@remote.example": f"NOTIFY=SUCCESS ORCPT=utf-8;{form}@elsewhere.example"},
         sender)
    _, recipient, _ = read_report(wait_for_report(server, sender))
    kind, address = typed(recipient["Original-Recipient"])
    assert kind == "utf-8"
    assert address.replace(r"\x{F6}", "ö") == "jörg@elsewhere.example"
