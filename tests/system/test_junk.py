"""Strangers on port 25, judged by what a real name server says of their addresses."""

from __future__ import annotations

import os
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from lib.clients import Imap, Smtp, simple_message
from lib.connection import SLOW
from lib.dns import Dns
from lib.server import Server, wait_until

ANN = "ann@example.test"
GOOD, LISTED, WARNED, ALLOWED, LIST_ERROR, FORGED, IN_BOGUS = (
    f"127.0.0.{n}" for n in (2, 5, 6, 7, 8, 9, 10))

ZONES = {
    "example": """
mail A 127.0.0.2
other A 127.0.0.99
""",
    "127.in-addr.arpa": """
2.0.0 PTR mail.example.
9.0.0 PTR other.example.
10.0.0 PTR mail.example.
""",
    "zen.example": """
5.0.0.127 A 127.0.0.2
7.0.0.127 A 127.0.0.4
8.0.0.127 A 127.255.255.254
""",
    "warn.example": "6.0.0.127 A 127.0.0.3",
    "allow.example": "7.0.0.127 A 127.0.0.2",
    "bogus.example": "10.0.0.127 A 127.0.0.77",
}
OPTIONS = {
    "junk.check_loopback": True,
    "junk.dns_lists": ["zen.example 12", "warn.example 6", "allow.example -20", "bogus.example 50"],
    "junk.no_reverse_name": 1, "junk.unconfirmed_reverse_name": 2, "junk.bad_hello": 4,
    "junk.unknown_hello": 3, "junk.lookup_time": "10 s",
}


@pytest.fixture(scope="module")
def dns():
    server = Dns(ZONES, tamper={"bogus.example": ("127.0.0.77", "127.0.0.78")}).start()
    yield server
    server.destroy()


def make_server(dns: Dns, extra: dict) -> Server:
    server = Server({**dns.options(), **OPTIONS, **extra}).create()
    server.add_account("ann")
    return server


@pytest.fixture(scope="module")
def mx(dns):
    server = make_server(dns, {})
    server.start()
    yield server
    server.destroy()


def client(server: Server, source: str, hello: str = "mail.example") -> Smtp:
    smtp = Smtp.open(server, source=source, hello=False)
    smtp.hello(hello)
    return smtp


def recipient(server: Server, source: str, to: str = ANN, hello: str = "mail.example"):
    smtp = client(server, source, hello)
    assert smtp.command("MAIL FROM:<x@remote.example>")[0] == 250
    return smtp.command(f"RCPT TO:<{to}>")


def deliver(server: Server, source: str, name: str, hello: str = "mail.example",
            extra: bytes = b"") -> bytes:
    """The header of the message as it lies in the mailbox, each field in one line."""
    smtp = client(server, source, hello)
    [(code, text)] = smtp.send_message(extra + simple_message(name), ANN)
    assert code == 250, text
    imap = Imap.open(server, ANN)
    newest = imap.select()
    header = b"".join(imap.command(f"FETCH {newest} BODY.PEEK[HEADER]").ok())
    assert name.encode() in header
    imap.logout()
    return re.sub(rb"\r\n[ \t]", b" ", header)


def test_a_good_client_is_named_in_received(mx, dns):
    header = deliver(mx, GOOD, "good@junk")
    assert b"(mail.example [127.0.0.2])" in header
    assert b"X-Peregrine-Checks" not in header


def test_a_listed_client_is_refused_with_the_list(mx):
    start = len(mx.log_text())
    code, lines = recipient(mx, LISTED)
    assert code == 550 and "127.0.0.5 listed in zen.example as 127.0.0.2" in lines[0]
    assert lines[0].startswith("5.7.1 ")
    mx.wait_log(r"mx\.junk_verdict .*peer=127\.0\.0\.5 .*score=13 verdict=refuse", start)


def test_the_postmaster_can_be_reached_all_the_same(mx):
    assert recipient(mx, LISTED, "Postmaster")[0] == 250
    assert recipient(mx, LISTED, "nobody@example.test")[0] == 550


def test_a_suspect_is_marked(mx):
    header = deliver(mx, WARNED, "warned@junk",
                     extra=b"X-Peregrine-Checks: mx.example.test; score=-50\r\n")
    field = re.search(rb"X-Peregrine-Checks: (.*?)\r\n", header).group(1)
    assert field == (b"mx.example.test; score=7; verdict=mark; no reverse name (1), "
                     b"127.0.0.6 listed in warn.example as 127.0.0.3 (6)")
    assert b"X-Elsewhere-Checks: mx.example.test; score=-50\r\n" in header
    assert header.count(b"X-Peregrine-Checks") == 1


def test_a_list_of_good_senders_outweighs(mx):
    assert recipient(mx, ALLOWED)[0] == 250


def test_an_error_of_a_list_is_no_listing(mx):
    assert recipient(mx, LIST_ERROR)[0] == 250


def test_bogus_answers_are_no_listings(mx):
    assert recipient(mx, IN_BOGUS)[0] == 250


def test_a_reverse_name_of_somebody_else_counts_for_nothing(mx):
    header = deliver(mx, FORGED, "forged@junk")
    assert b"other.example [127.0.0.9]" not in header
    assert b"reverse name other.example does not lead" in header


@pytest.mark.parametrize("hello,what", [
    ("localhost", b"EHLO gives no full host name (4)"),
    ("mx.example.test", b"EHLO gives the name of this server (4)"),
    ("127.0.0.2", b"EHLO gives a bare address (4)"),
    ("[127.0.0.3]", b"EHLO gives another address (4)"),
    ("nowhere.example", b"EHLO gives a name that does not exist (3)")])
def test_what_ehlo_gives_is_checked(mx, hello, what):
    header = deliver(mx, GOOD, f"hello-{len(what)}@junk", hello=hello)
    assert what in header


def test_a_literal_of_its_own_is_a_good_name(mx):
    assert b"X-Peregrine-Checks" not in deliver(mx, GOOD, "literal@junk", hello="[127.0.0.2]")


def test_many_clients_at_once(mx):
    with ThreadPoolExecutor(max_workers=8) as pool:
        answers = list(pool.map(lambda n: recipient(mx, LISTED if n % 2 else GOOD)[0], range(40)))
    assert answers == [250, 550] * 20


def test_a_killed_resolver_costs_no_mail_and_comes_back(mx):
    [pid] = mx.role_pids("resolver")
    os.kill(pid, signal.SIGSTOP)
    waiting = client(mx, LISTED)
    assert waiting.command("MAIL FROM:<x@remote.example>")[0] == 250
    os.kill(pid, signal.SIGKILL)
    assert waiting.command(f"RCPT TO:<{ANN}>")[0] == 250
    wait_until(lambda: mx.role_pids("resolver") not in ([], [pid]), "a new resolver")
    wait_until(lambda: recipient(mx, LISTED)[0] == 550, "lists are asked again")


def test_a_slow_name_server_delays_nobody_else(dns):
    server = make_server(dns, {"junk.lookup_time": "1500 ms", "roles.mx": 1,
                               "smtp.trusted_networks": ["127.0.0.50"]})
    try:
        server.start()
        dns.pause()
        slow = client(server, LISTED)
        assert slow.command("MAIL FROM:<x@remote.example>")[0] == 250
        start = time.monotonic()
        slow.connection.send(f"RCPT TO:<{ANN}>\r\n".encode())
        assert recipient(server, "127.0.0.50")[0] == 250
        quick = time.monotonic() - start
        assert slow.reply()[0] == 250
        assert quick < time.monotonic() - start < 8 * SLOW
    finally:
        dns.resume()
        server.destroy()


def test_strangers_are_put_off_once(dns):
    server = make_server(dns, {"junk.greylist": True, "junk.greylist_delay": "2 s"})
    try:
        server.start()
        code, lines = recipient(server, GOOD)
        assert code == 451 and lines[0].startswith("4.7.1 ")
        assert recipient(server, ALLOWED)[0] == 250
        assert recipient(server, GOOD, "postmaster")[0] == 250
        # Who has waited is known, to another process and after a restart too.
        server.restart()
        wait_until(lambda: recipient(server, "127.0.0.3", hello="[127.0.0.3]")[0] == 250,
                   "a neighbour of the same sender passes")
        server.restart()
        assert recipient(server, GOOD)[0] == 250
        assert server.command("verify", check=False).returncode == 0
    finally:
        server.destroy()
