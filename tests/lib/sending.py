"""What the account ann sends by submission: the mail, its reports in her inbox, the queue."""

from __future__ import annotations

import email
import json
import smtplib
import ssl
from contextlib import contextmanager

from lib.clients import Imap
from lib.dns import Dns
from lib.server import PASSWORD, Server, wait_until

ANN = "ann@example.test"
MESSAGE = b"From: <ann@example.test>\r\nSubject: out\r\nBcc: hidden@remote.example\r\n\r\nbody\r\n"


@contextmanager
def sending_server(zones: dict[str, str], port: int, **options):
    """A server that sends to `port` of what the zones name, tries again after a second, and has the
    account ann."""
    dns = Dns(zones).start()
    server = Server({**dns.options(), "outbound.enabled": True, "outbound.allow_loopback": True,
                     "outbound.port": port, "queue.retry_first": "1 s",
                     "auth.argon2_memory": "8 MiB", "auth.argon2_passes": 1, **options}).create()
    try:
        server.add_account("ann")
        yield server.start()
    finally:
        server.destroy()
        dns.destroy()


def log_in(server: Server, service: str = "submission") -> smtplib.SMTP:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if service == "submissions":
        client = smtplib.SMTP_SSL("127.0.0.1", server.port(service), context=context)
    else:
        client = smtplib.SMTP("127.0.0.1", server.port(service))
        client.starttls(context=context)
    client.login("ann", PASSWORD)
    return client


def submit(server: Server, *recipients: str, message: bytes = MESSAGE, sender: str = ANN) -> None:
    with log_in(server) as client:
        assert client.sendmail(sender, list(recipients), message) == {}


def send(server: Server, message: bytes, parameters: str, recipients: dict[str, str],
         sender: str = ANN) -> None:
    """One transaction, with parameters of MAIL and of each RCPT. Not by smtplib.sendmail(), which
    changes line ends and knows no parameters of one recipient."""
    with log_in(server) as client:
        client.ehlo()
        replies = [client.mail(sender, parameters.split()),
                   *(client.rcpt(each, wishes.split()) for each, wishes in recipients.items()),
                   client.data(message)]
        assert all(code == 250 for code, _ in replies), replies


def inbox(server: Server, count: int) -> list[email.message.Message]:
    def read():
        with_all = Imap.open(server, "ann")
        there = with_all.select()
        raw = [with_all.command(f"FETCH {i} BODY.PEEK[]") for i in range(1, there + 1)]
        with_all.logout()
        return raw if there >= count else None

    raw = wait_until(read, f"{count} messages in the inbox", timeout=30)
    return [email.message_from_bytes(reply[0].split(b"\r\n", 1)[1]) for reply in raw]


def queue(server: Server) -> list[dict]:
    return json.loads(server.command("queue", "list", "--json").stdout)


def is_empty(server: Server):
    return wait_until(lambda: queue(server) == [], "an empty queue", timeout=30)


def wait_for_report(server: Server, recipient: str) -> email.message.Message:
    """The notification in the inbox that is about `recipient`."""
    field = f"Final-Recipient: rfc822; {recipient}\r\n".encode()

    def find():
        client = Imap.open(server, "ann")
        there = client.select()
        raw = [client.command(f"FETCH {i} BODY.PEEK[]")[0] for i in range(1, there + 1)]
        client.logout()
        return next((each for each in raw if field in each), None)

    raw = wait_until(find, f"a report about {recipient}", timeout=30)
    return email.message_from_bytes(raw.split(b"\r\n", 1)[1])
