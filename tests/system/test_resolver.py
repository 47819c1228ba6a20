"""The resolver against a real name server: what DNSSEC says, what is missing, what is slow."""

from __future__ import annotations

import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from lib.connection import SLOW
from lib.dns import Dns, SilentDns, reverse_name
from lib.namespace import network_of
from lib.server import Server, wait_until

LARGE = " ".join(f'"{chr(97 + i % 26) * 250}"' for i in range(12))  # 3,000 bytes: TCP alone

ZONES = {
    "example": f"""
@ MX 10 mail
@ MX 20 backup
@ TXT "v=spf1 -all" " two\\"strings"
mail A 127.0.0.2
mail AAAA ::1
backup A 127.0.0.3
alias CNAME second
second CNAME third.other
third.other CNAME mail
outside CNAME host.plain.example.
dangling CNAME nowhere
circle CNAME circle2
circle2 CNAME circle
large TXT {LARGE}
huge TXT {' '.join([f'"{"x" * 250}"'] * 20)}
_25._tcp.mail TLSA 3 1 1 {"ab" * 32}
_sip._tcp SRV 1 2 5060 mail
""",
    "plain.example": "@ A 127.0.0.4\nhost A 127.0.0.5",
    "bogus.example": "@ A 127.0.0.6\nfine A 127.0.0.8",
    "expired.example": "@ A 127.0.0.7",
    "unsigned": "@ MX 10 mx\nmx A 127.0.0.9",
    "127.in-addr.arpa": "2.0.0 PTR mail.example.\n3.0.0 PTR one.example.\n3.0.0 PTR two.example.",
}


@pytest.fixture(scope="module")
def dns():
    server = Dns(ZONES, unsigned={"plain.example", "unsigned"},
                 tamper={"bogus.example": ("127.0.0.6", "127.0.0.66")}, expired={"expired.example"})
    server.start()
    yield server
    server.destroy()


@pytest.fixture(scope="module")
def asker(dns):
    server = Server(dns.options()).create()
    yield server
    server.destroy()


def lookup(server: Server, name: str, type_: str = "A", status: str | None = "ok") -> dict:
    done = server.command("dns", "lookup", name, type_, "--json", check=False)
    assert done.stderr == b"", done.stderr
    answer = json.loads(done.stdout)
    assert (answer["status"] == "ok") == (done.returncode == 0)
    if status is not None:
        assert answer["status"] == status, answer
    return answer


def test_signed_zones_are_secure(asker):
    answer = lookup(asker, "example", "MX")
    assert answer["trust"] == "secure"
    assert sorted(answer["records"]) == ["10 mail.example.", "20 backup.example."]
    assert 0 < answer["ttl"] <= 300
    assert lookup(asker, "Mail.Example.", "AAAA")["records"] == ["::1"]
    assert lookup(asker, "_25._tcp.mail.example", "TLSA")["records"] == ["3 1 1 " + "ab" * 32]
    assert lookup(asker, "_sip._tcp.example", "SRV")["records"] == ["1 2 5060 mail.example."]
    text = lookup(asker, "example", "TXT")
    assert text["records"] == ['"v=spf1 -all" " two\\034strings"'] and text["trust"] == "secure"
    reverse = lookup(asker, reverse_name("127.0.0.2"), "PTR")
    assert reverse["records"] == ["mail.example."] and reverse["trust"] == "secure"


# Of the root's servers, by IPv4.
ROOT = [
    "198.41.0.4", "199.9.14.201", "170.247.170.2", "192.33.4.12", "199.7.91.13", "192.203.230.10",
    "192.5.5.241", "192.112.36.4", "198.97.190.53", "192.36.148.17", "192.58.128.30",
    "193.0.14.129", "199.7.83.42", "202.12.27.33"]


def test_without_forwarders_it_follows_the_tree_from_the_root():
    with network_of(*ROOT):
        tree = Dns({"": f"ns.nameserver.example-root. A {ROOT[0]}",
                    "example": "@ A 192.0.2.1\nalias CNAME host.below.example.",
                    "below.example": "host A 192.0.2.2"}, unsigned={"below.example"}, at=ROOT)
        server = Server({"dns.enabled": True, "dns.trust_anchors": [tree.anchor]}).create()
        try:
            tree.start()
            answer = lookup(server, "example")
            assert (answer["records"], answer["trust"]) == (["192.0.2.1"], "secure")
            answer = lookup(server, "alias.example")
            assert (answer["records"], answer["trust"]) == (["192.0.2.2"], "insecure")
            assert lookup(server, "nothing.example", status="no such name")["trust"] == "secure"
        finally:
            server.destroy()
            tree.destroy()


def test_unsigned_zones_are_insecure(asker):
    for name in ("plain.example", "mx.unsigned"):
        answer = lookup(asker, name)
        assert answer["trust"] == "insecure" and len(answer["records"]) == 1


@pytest.mark.parametrize("zone", ["bogus.example", "expired.example"])
def test_broken_signatures_give_no_records_and_a_reason(asker, zone):
    answer = lookup(asker, zone, status="bogus")
    assert answer["records"] == [] and answer["trust"] == "bogus"
    assert zone in answer["reason"], answer
    shown = asker.command("dns", "lookup", zone, check=False)
    assert shown.returncode == 1 and b"bogus: " in shown.stdout


def test_only_the_changed_record_is_bogus(asker):
    assert lookup(asker, "fine.bogus.example")["trust"] == "secure"


def test_what_does_not_exist(asker):
    missing = lookup(asker, "nowhere.example", status="no such name")
    assert missing["trust"] == "secure" and missing["records"] == []
    empty = lookup(asker, "mail.example", "MX", status="no data")
    assert empty["trust"] == "secure"
    assert lookup(asker, "nowhere.unsigned", status="no such name")["trust"] == "insecure"


def test_aliases_are_followed(asker):
    answer = lookup(asker, "alias.example")
    assert answer["records"] == ["127.0.0.2"] and answer["trust"] == "secure"
    assert answer["canonical_name"] == "mail.example"
    # As secure as the weakest link.
    outside = lookup(asker, "outside.example")
    assert outside["canonical_name"] == "host.plain.example" and outside["trust"] == "insecure"
    assert lookup(asker, "alias.example", "CNAME")["records"] == ["second.example."]
    assert lookup(asker, "dangling.example", status="no such name")["canonical_name"] \
        == "nowhere.example"
    assert lookup(asker, "circle.example", status=None)["status"] != "ok"


def test_answers_too_large_for_udp_come_by_tcp(asker):
    answer = lookup(asker, "large.example", "TXT")
    assert answer["trust"] == "secure"
    assert len(answer["records"][0]) > 3000


def test_a_record_beyond_the_bound_is_no_answer(asker):
    answer = lookup(asker, "huge.example", "TXT", status="failed")
    assert "too large" in answer["reason"]


def test_bad_questions_are_refused_with_help(asker):
    for name in ("a..b", "a b", "*.example", "x" * 64, "b\u00fccher.example"):
        done = asker.command("dns", "lookup", name, check=False)
        assert done.returncode == 1 and b"is no name" in done.stderr
    done = asker.command("dns", "lookup", "example", "ANY", check=False)
    assert done.returncode == 1 and b"no type" in done.stderr


def test_a_silent_server_is_given_up():
    silent = SilentDns()
    server = Server({**silent.options(), "dns.timeout": "500 ms"}).create()
    try:
        start = time.monotonic()
        answer = lookup(server, "example", status="failed")
        assert answer["reason"] == "out of time"
        assert time.monotonic() - start < 5 * SLOW
    finally:
        server.destroy()
        silent.destroy()


def test_wrong_anchor_makes_all_bogus(dns):
    anchor = dns.anchor[:-4] + ("0000" if not dns.anchor.endswith("0000") else "1111")
    server = Server({**dns.options(), "dns.trust_anchors": [anchor]}).create()
    try:
        answer = lookup(server, "example", "MX", status=None)
        assert answer["status"] in ("bogus", "failed") and answer["records"] == []
    finally:
        server.destroy()


def test_the_role_runs_in_its_sandbox(dns):
    server = Server(dns.options()).create()
    try:
        server.start()
        assert len(server.role_pids("resolver")) == 1
        assert server.role_pids("courier") == []
        [pid] = server.role_pids("resolver")
        status = open(f"/proc/{pid}/status").read()
        assert "Seccomp:\t2" in status and "Threads:\t1" in status
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: server.role_pids("resolver") not in ([], [pid]), "a new resolver")
        assert server.stop() == 0
    finally:
        server.destroy()


def test_without_need_there_is_no_resolver():
    server = Server().create()
    try:
        server.start()
        assert server.role_pids("resolver") == []
    finally:
        server.destroy()
