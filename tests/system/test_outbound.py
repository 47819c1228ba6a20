"""Mail that leaves: submitted by smtplib, queued, sent by MX records of a real name server to
another mail server, reported to its sender."""

from __future__ import annotations

import email
import os
import signal
import smtplib
import ssl

import pytest

from lib.clients import Smtp, simple_message
from lib.dns import Dns, free_port
from lib.receiver import Receiver
from lib.sending import ANN, MESSAGE, inbox, is_empty, log_in, queue, submit
from lib.server import Server, wait_until

ZONES = {
    "remote.example": """
@ MX 10 mx
mx A 127.0.0.1
""",
    "null.example": "@ MX 0 .",
    "away.example": """
@ MX 10 mx
mx A 127.0.0.9
""",
}


@pytest.fixture(scope="module")
def dns():
    server = Dns(ZONES).start()
    yield server
    server.destroy()


@pytest.fixture()
def receiver():
    other = Receiver().start()
    yield other
    other.stop()


@pytest.fixture()
def server(dns, receiver):
    server = Server({**dns.options(), "outbound.enabled": True, "outbound.allow_loopback": True,
                     "outbound.port": receiver.port, "queue.retry_first": "1 s",
                     "auth.allow_plaintext_loopback": True}).create()
    server.add_account("ann")
    server.start()
    yield server
    server.destroy()


def test_mail_leaves_from_the_address_of_its_sender(server, receiver):
    server.command("alias", "add", "sales@example.test", "ann@example.test")
    server.command("alias", "add", "news@example.test", "ann@example.test")
    server.set("outbound.sources", ["sales@example.test 127.0.0.8", "@example.test 127.0.0.7"])
    server.reload()
    submit(server, "a@remote.example", sender="sales@example.test")
    submit(server, "b@remote.example", sender="news@example.test")
    assert {each.recipients[0]: each.peer for each in receiver.wait_for(2)} == {
        "a@remote.example": "127.0.0.8", "b@remote.example": "127.0.0.7"}
    server.set("outbound.sources", ["ann@example.test 127.0.0.9", "sales@example.test 127.0.0.8"])
    server.reload()
    submit(server, "c@remote.example", sender="sales@example.test")
    assert receiver.wait_for(3)[2].peer == "127.0.0.9"
    assert is_empty(server)


@pytest.mark.parametrize("service", ["submission", "submissions"])
def test_a_message_leaves(server, receiver, service):
    with log_in(server, service) as client:
        client.sendmail(ANN, ["a@remote.example", "b@remote.example"], MESSAGE)
    (got,) = receiver.wait_for(1)
    assert (got.sender, got.recipients) == (ANN, ["a@remote.example", "b@remote.example"])
    assert got.helo == "mx.example.test"
    head = email.message_from_bytes(got.content)
    # Completed, and without what is nobody's business (RFC 6409 section 8, RFC 5322 section 3.6.3).
    assert head["Date"] and head["Message-ID"] and not head["Bcc"] and not head["Return-Path"]
    assert "127.0.0.1" not in head["Received"] and "ESMTPSA" in head["Received"]
    assert is_empty(server)


def test_local_recipients_have_it_at_once(server, receiver):
    submit(server, ANN, "a@remote.example")
    receiver.wait_for(1)
    (mine,) = inbox(server, 1)
    assert mine["Return-Path"] == "<ann@example.test>" and not mine["Bcc"]


def test_a_refused_recipient_is_reported(server, receiver):
    receiver.answers["gone"] = ["550 5.1.1 nobody of that name"]
    submit(server, "gone@remote.example", "a@remote.example")
    receiver.wait_for(1)
    (report,) = inbox(server, 1)
    assert report.get_content_type() == "multipart/report"
    assert report["Return-Path"] == "<>" and report["Auto-Submitted"] == "auto-replied"
    text, status, returned = report.get_payload()
    assert "nobody of that name" in text.get_payload()
    assert "Final-Recipient: rfc822; gone@remote.example" in status.as_string()
    assert "Status: 5.1.1" in status.as_string()
    # RFC 3461 section 4.3: without RET it is ours to choose; a small message goes back whole.
    assert returned.get_content_type() == "message/rfc822"
    assert returned.get_payload(0)["Subject"] == "out"
    assert is_empty(server)


def test_a_deferred_recipient_is_tried_again(server, receiver):
    receiver.answers["busy"] = ["451 4.2.0 not now", "250"]
    submit(server, "busy@remote.example")
    (got,) = receiver.wait_for(1)
    assert got.recipients == ["busy@remote.example"]
    assert is_empty(server)
    story = server.command("trace", "busy@remote.example").stdout.decode()
    assert "deferred" in story and "relayed" in story


def test_a_domain_without_mail_is_reported(server):
    submit(server, "a@null.example")
    (report,) = inbox(server, 1)
    # RFC 7505 section 4.2.
    assert "Status: 5.1.10" in report.as_string()


def test_a_name_that_does_not_exist_is_reported(server):
    submit(server, "a@absent.example")
    (report,) = inbox(server, 1)
    assert "Status: 5.1.2" in report.as_string()


def test_mail_waits_while_the_other_server_is_away(server, receiver):
    receiver.stop()
    submit(server, "a@remote.example")
    waiting = wait_until(lambda: [m for m in queue(server) if m["recipients"][0]["last_diagnostic"]],
                         "a failed attempt", timeout=30)
    assert waiting[0]["recipients"][0]["state"] == "waiting"
    receiver.start()
    server.command("queue", "retry", "--all")
    receiver.wait_for(1)
    assert is_empty(server)


@pytest.mark.parametrize("role", ["courier", "core", "resolver", "submission"])
def test_nothing_is_lost_when_a_process_is_killed(server, receiver, role):
    receiver.answers["busy"] = ["451 4.2.0 not now", "451 4.2.0 not now", "250"]
    submit(server, "busy@remote.example")
    for pid in server.role_pids(role):
        assert pid > 0
        os.kill(pid, signal.SIGKILL)
    receiver.wait_for(1, timeout=60)
    assert len(receiver.messages) == 1
    wait_until(lambda: server.role_pids(role), f"{role} to be back", timeout=60)
    assert is_empty(server)


def test_an_account_sends_as_itself_alone(server):
    with log_in(server) as client:
        client.ehlo()
        code, text = client.mail("bob@example.test")
        assert (code, text[:5]) == (553, b"5.7.1")
        assert client.mail("ann+lists@example.test")[0] == 250
        assert client.rcpt("a@remote.example")[0] == 250
        code, text = client.data(b"From: The Boss <boss@example.test>\r\n\r\nPay.\r\n")
        assert (code, text[:5]) == (553, b"5.7.1")


def test_without_login_nothing_is_taken(server):
    client = smtplib.SMTP("127.0.0.1", server.port("submission"))
    client.ehlo()
    assert client.mail(ANN)[0] == 530
    client.quit()
    stranger = Smtp.open(server)
    stranger.hello()
    stranger.command(f"MAIL FROM:<{ANN}>")
    assert stranger.command("RCPT TO:<a@remote.example>")[0] == 550
    stranger.quit()


def test_an_alias_leads_elsewhere(server, receiver):
    server.command("alias", "add", "info@example.test", "a@remote.example")
    stranger = Smtp.open(server)
    stranger.hello()
    stranger.send_message(simple_message("forwarded"), "info@example.test", "someone@sender.example")
    stranger.quit()
    (got,) = receiver.wait_for(1)
    # The sender is rewritten, so that SPF of its domain is not broken.
    assert got.sender.startswith("SRS0=") and got.sender.endswith("@example.test")
    assert not email.message_from_bytes(got.content)["Return-Path"]


def test_what_an_alias_sent_elsewhere_does_not_come_back(server, receiver):
    """Delivered-To marks what leaves by an alias; when it comes back, the loop ends (X.4.6)."""
    server.command("alias", "add", "loop@example.test", "loop@remote.example")
    server.command("alias", "add", "other@example.test", "x@remote.example")
    stranger = Smtp.open(server)
    stranger.deliver(simple_message("going"), "loop@example.test")
    (got,) = receiver.wait_for(1)
    head = email.message_from_bytes(got.content)
    assert head.get_all("Delivered-To") == ["loop@example.test"] and not head["Return-Path"]
    ((code, text),) = stranger.send_message(got.content, "loop@example.test")
    assert code == 554 and text[0].startswith("5.4.6 "), text
    # Nobody else is meant, nor is mail that stays.
    stranger.deliver(got.content, "other@example.test")
    stranger.deliver(got.content, ANN)
    forged = b"Delivered-To: ann@example.test\r\n" + got.content
    stranger.deliver(forged, ANN)
    stranger.quit()
    assert len(inbox(server, 2)) == 2


@pytest.mark.parametrize("service", ["smtp", "lmtp"])
def test_success_is_reported_for_mail_that_came_in(server, receiver, service):
    """RFC 3461 section 5.2.3: a client that is known here asks to hear of delivery."""
    client = Smtp.open(server, service)
    for sender in ("<>", "<far@remote.example>"):
        assert client.command(f"MAIL FROM:{sender} RET=HDRS ENVID=abc")[0] == 250
        rcpt = f"RCPT TO:<{ANN}> NOTIFY=SUCCESS ORCPT=rfc822;Ann@example.test"
        assert client.command(rcpt)[0] == 250
        assert client.command("DATA")[0] == 354
        client.connection.send(simple_message(f"dsn{len(sender)}") + b".\r\n")
        assert client.reply()[0] == 250
    client.quit()
    (report,) = receiver.wait_for(1)
    assert (report.sender, report.recipients) == ("<>", ["far@remote.example"])
    text = report.content.decode()
    assert "Action: delivered" in text and "Original-Envelope-Id: abc" in text
    assert "Original-Recipient: rfc822;" in text
    assert is_empty(server)
    assert len(receiver.messages) == 1


def test_success_is_not_reported_to_an_invented_sender(make_server, dns, receiver):
    """V44: what a stranger says of its sender makes no mail."""
    server = make_server({**dns.options(), "outbound.enabled": True,
                          "outbound.allow_loopback": True, "outbound.port": receiver.port,
                          "listen.proxy_from": ["127.0.0.0/8"], "limits.greeting_pause": "0 s"})
    server.add_account("ann")
    connection = server.connect("smtp")
    connection.send(b"PROXY TCP4 192.0.2.9 127.0.0.1 4242 25\r\n")
    stranger = Smtp(connection)
    stranger.hello()
    assert stranger.command("MAIL FROM:<far@remote.example>")[0] == 250
    assert stranger.command(f"RCPT TO:<{ANN}> NOTIFY=SUCCESS")[0] == 250
    assert stranger.command("DATA")[0] == 354
    stranger.connection.send(simple_message("invented") + b".\r\n")
    assert stranger.reply()[0] == 250
    stranger.quit()
    assert queue(server) == [] and receiver.messages == []


def test_switched_off_nothing_leaves():
    server = Server({"auth.allow_plaintext_loopback": True}).create()
    try:
        server.add_account("ann")
        server.start()
        assert not server.role_pids("courier") and not server.role_pids("resolver")
        with log_in(server) as client:
            client.ehlo()
            assert client.mail(ANN)[0] == 250
            assert client.rcpt("a@remote.example")[0] == 550
    finally:
        server.destroy()


def test_tls_is_used_where_it_is_offered(server, dns, tmp_path):
    key, chain = tmp_path / "key.pem", tmp_path / "chain.pem"
    made = server.data / "tls"
    chain.write_bytes((made / "chain.pem").read_bytes())
    key.write_bytes((made / "key.pem").read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    other = Receiver(tls=context, port=free_port()).start()
    try:
        server.set("outbound.routes", [f"tls.example smtp://[127.0.0.1]:{other.port}"])
        server.reload()
        submit(server, "a@tls.example")
        (got,) = other.wait_for(1)
        assert got.tls
    finally:
        other.stop()
