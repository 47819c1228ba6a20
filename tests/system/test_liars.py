"""Mail that leaves for servers that hang up, refuse, dawdle and lie: none of it is lost, and none
arrives twice but where nobody can know that it arrived."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import ssl

import pytest

from lib.dns import free_port
from lib.liar import Liar, drip, ehlo, endless, hang, hang_up, last_word, reset
from lib.sending import is_empty, queue, sending_server, submit, wait_for_report
from lib.server import Server, wait_until

# Liar N is the host hN and the one for the domain dN; pN has the hosts N and N + 1, and mN one host
# with both addresses.
COUNT = 400


def ip(number: int) -> str:
    return f"127.0.{1 + number // 200}.{1 + number % 200}"


ZONE = "\n".join(f"d{i} MX 10 h{i}\nh{i} A {ip(i)}\np{i} MX 10 h{i}\np{i} MX 20 h{i + 1}\n"
                 f"m{i} MX 10 a{i}\na{i} A {ip(i)}\na{i} A {ip(i + 1)}"
                 for i in range(1, COUNT))
STAGES = ["connect", "ehlo", "mail", "rcpt", "data", "content", "end"]
CHUNKS = ehlo("PIPELINING", "8BITMIME", "CHUNKING")
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def server():
    with sending_server({"liar.example": ZONE}, free_port(), **{"queue.retry_longest": "1 s",
                           "submission.recipients_per_hour": 10000}) as server:
        yield server


@pytest.fixture
def liars(server):
    """Makes liars: liars(script, …) is one, with its number as `number`."""
    made = []

    def make(*scripts: dict, context: ssl.SSLContext | None = None, number: int = 0) -> Liar:
        number = number or next(_numbers)
        liar = Liar(ip(number), port_of(server), list(scripts) or [{}], context)
        liar.number = number
        made.append(liar.start())
        return liar

    yield make
    for each in made:
        each.stop()


@pytest.fixture(scope="module")
def context(server):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made = server.data / "tls"
    context.load_cert_chain(made / "chain.pem", made / "key.pem")
    return context


def port_of(server: Server) -> int:
    return server.options["outbound.port"]


def address(liar: Liar) -> str:
    return f"a@d{liar.number}.liar.example"


def send_to(server: Server, *liars: Liar) -> None:
    """One message for all of them."""
    submit(server, *map(address, liars))


def check_once(server: Server, *liars: Liar) -> None:
    """Each has taken the message, and none took it again."""
    for liar in liars:
        liar.wait_for(1)
    assert is_empty(server)
    for liar in liars:
        (message,) = liar.messages
        assert message.recipients == [address(liar).encode()]
        assert message.content.endswith(b"\r\n\r\nbody\r\n")


def check_returned(server: Server, liar: Liar, status: str) -> None:
    report = wait_for_report(server, address(liar))
    assert f"Status: {status}" in report.as_string()
    assert not liar.messages


@pytest.mark.parametrize("end", [hang_up, reset])
def test_the_connection_ends_at_each_stage(server, liars, end):
    made = {stage: liars({stage: end}, {}) for stage in STAGES}
    chunked = {stage: liars({"ehlo": CHUNKS, stage: end}, {"ehlo": CHUNKS})
               for stage in ("content", "end")}
    send_to(server, *made.values(), *chunked.values())
    check_once(server, *made.values(), *chunked.values())
    # Only there the server may have taken it: once more is better than not at all.
    assert [len(each.contents) for each in made["end"].sessions] == [1, 1]


def test_each_reply_comes_byte_by_byte(server, liars):
    replies = {"connect": b"220 slow.example ESMTP\r\n", "mail": b"250-2.1.0 a\r\n250 2.1.0 b\r\n",
               "ehlo": ehlo("8BITMIME", "SIZE 100000"), "rcpt": b"250 2.1.5 a\r\n",
               "data": b"354 go\r\n", "end": b"250-2.0.0 a\r\n250-2.0.0 b\r\n250 2.0.0 c\r\n",
               "quit": b"221 2.0.0 bye\r\n"}
    made = [liars({stage: drip(reply) for stage, reply in replies.items()}),
            liars({**{stage: drip(reply) for stage, reply in replies.items()},
                   "ehlo": drip(CHUNKS)})]
    send_to(server, *made)
    check_once(server, *made)
    assert [len(each.sessions) for each in made] == [1, 1]


@pytest.mark.parametrize("reply", [b"450 4.3.2 later\r\n", b"421 4.3.2 closing\r\n"])
def test_it_is_not_the_time_at_each_stage(server, liars, reply):
    made = [liars({stage: reply}, {}) for stage in STAGES if stage != "content"]
    made += [liars({stage: last_word(reply)}, {}) for stage in STAGES if stage != "content"]
    made.append(liars({"ehlo": CHUNKS, "end": reply}, {"ehlo": CHUNKS}))
    send_to(server, *made)
    check_once(server, *made)


def test_it_is_refused_at_each_stage(server, liars):
    stages = ["mail", "rcpt", "data", "end"]
    made = [liars({stage: b"554 5.7.1 never\r\n"}) for stage in stages]
    made += [liars({stage: last_word(b"554 5.7.1 never\r\n")}) for stage in stages]
    made.append(liars({"ehlo": CHUNKS, "end": b"554 5.7.1 never\r\n"}))
    made.append(liars({"ehlo": CHUNKS, "content": last_word(b"554 5.7.1 never\r\n")}))
    send_to(server, *made)
    for liar in made:
        check_returned(server, liar, "5.7.1")
        assert len(liar.sessions) == 1
    assert is_empty(server)


def test_a_host_that_takes_no_mail_is_asked_again(server, liars):
    # RFC 5321 section 3.1: 554 as a greeting; it says nothing of the domain's other hosts, nor of
    # tomorrow.
    made = [liars({"connect": b"554 5.3.2 no mail here\r\n"}, {}),
            liars({"ehlo": b"550 5.7.1 who?\r\n", "helo": b"550 5.7.1 who?\r\n"}, {})]
    send_to(server, *made)
    check_once(server, *made)


@pytest.mark.parametrize("code", [500, 502, 504, 550])
def test_without_ehlo_there_is_helo(server, liars, code):
    liar = liars({"ehlo": f"{code} 5.5.1 what?\r\n".encode()})
    send_to(server, liar)
    check_once(server, liar)
    assert liar.sessions[0].commands[1].startswith(b"HELO ")
    assert all(b"=" not in command for command in liar.sessions[0].commands)


def garbage(session):
    session.send(b"220 go\r\n")
    session.until(b"\x16")  # A ClientHello begins.
    session.send(b"this is no TLS\r\n" * 8)
    while True:
        session.fill()


def test_tls_that_is_offered_and_fails(server, liars, context):
    made = [liars({"starttls": garbage}, {"ehlo": ehlo("8BITMIME", "STARTTLS"),
                                          "starttls": garbage}, {}, context=context),
            liars({"starttls": last_word(b"220 go\r\n")}, {}, context=context),
            liars({"starttls": hang_up}, {}, context=context),
            liars({"starttls": reset}, {}, context=context)]
    send_to(server, *made)
    check_once(server, *made)


def test_replies_injected_before_tls_count_for_nothing(server, liars, context):
    # RFC 3207 section 6: what stands behind the 220 in clear came from somebody in between, as may
    # a later part of it.
    def inject(session):
        session.send(b"220 go\r\n" + ehlo("CHUNKING", "AUTH PLAIN") + b"250 2.1.0 fine\r\n")
        session.start_tls()
        return b"220"

    def inject_a_part(session):
        session.send(b"220 go\r\n250-liar.exam")
        session.start_tls()
        return b"220"

    made = [liars({"starttls": inject}, {}, context=context),
            liars({"starttls": inject_a_part}, {}, context=context)]
    send_to(server, *made)
    check_once(server, *made)
    for liar in made:
        assert [each[:8] for each in liar.sessions[0].commands] == [b"EHLO mx.", b"STARTTLS"]
        assert liar.messages[0].tls


def test_offers_before_tls_are_forgotten(server, liars, context):
    liar = liars({"ehlo": ehlo("8BITMIME", "CHUNKING", "SIZE 10", "STARTTLS"),
                  "tls ehlo": ehlo("8BITMIME")}, context=context)
    send_to(server, liar)
    check_once(server, liar)
    assert b"DATA" in liar.sessions[0].commands and len(liar.sessions) == 1


def test_size_is_announced_and_meant(server, liars):
    small = liars({"ehlo": ehlo("8BITMIME", "SIZE 100")})
    silent = liars({"ehlo": ehlo("8BITMIME"), "end": b"552 5.3.4 too much\r\n"})
    at_mail = liars({"ehlo": ehlo("8BITMIME", "SIZE"), "mail": b"552 5.3.4 too much\r\n"})
    in_chunk = liars({"ehlo": CHUNKS, "content": last_word(b"552 5.3.4 too much\r\n")})
    made = [small, silent, at_mail, in_chunk]
    send_to(server, *made)
    for liar in made:
        check_returned(server, liar, "5.3.4")
    # RFC 1870 section 6.1: it is not even offered.
    assert not any(b"MAIL" in command for command in small.sessions[0].commands)
    assert is_empty(server)


@pytest.mark.parametrize("size", ["SIZE", "SIZE 0", "SIZE 99999999999999999999999", "SIZE -1",
                                  "SIZE many"])
def test_sizes_that_say_nothing(server, liars, size):
    liar = liars({"ehlo": ehlo("8BITMIME", size)})
    send_to(server, liar)
    check_once(server, liar)
    assert len(liar.sessions) == 1


def test_replies_without_end(server, liars):
    lies = [endless(b"", b"x" * 8192), endless(b"250-", b"x" * 8192),
            endless(b"", b"250-still more\r\n" * 100), endless(b"250 2.0.0 ", b"\0" * 8192),
            b"250 " + b"x" * 1_000_000 + b"\r\n"]
    made = [liars({stage: lie}, {}) for lie in lies for stage in STAGES if stage != "content"]
    send_to(server, *made)
    check_once(server, *made)


def test_replies_that_are_none(server, liars):
    lies = [b"250-yes\r\n550 no\r\n", b"250-yes\r\n354 go\r\n", b"550-no\r\n250 yes\r\n",
            b"250yes\r\n", b"25 0\r\n", b"999 what\r\n", b"150 wait\r\n", b"\r\n",
            b"250 a\rb\r\n", b"250 a\n", b"250 a\n250 b\r\n", b"+OK\r\n", b"-250 a\r\n",
            b"2500 a\r\n", b"\xff\xfb\x01250 a\r\n"]
    made = [liars({stage: lie}, {}) for lie in lies
            for stage in ("connect", "mail", "rcpt", "data", "end")]
    send_to(server, *made)
    check_once(server, *made)


def test_replies_that_come_unasked(server, liars):
    """What was said before the question is no answer to it."""
    early = b"250 2.0.0 taken already\r\n"
    made = [
        # Without the content having been read: this one would be lost.
        liars({"data": b"354 go\r\n" + early, "content": hang_up}, {}),
        liars({"ehlo": CHUNKS, "rcpt": b"250 2.1.5 fine\r\n" + early, "content": hang_up}, {}),
        liars({"connect": b"220 liar.example\r\n" + ehlo("8BITMIME"), "ehlo": hang_up}, {}),
        liars({"ehlo": ehlo("8BITMIME") + b"250 a\r\n250 b\r\n354 c\r\n" + early, "mail": hang_up},
              {}),
    ]
    send_to(server, *made)
    check_once(server, *made)


def test_the_next_host_has_it_at_once(server, liars):
    """As long as the first one cannot have taken it."""
    lies = [{"connect": hang_up}, {"connect": b"554 no\r\n"}, {"ehlo": hang_up}, {"mail": hang_up},
            {"rcpt": reset}, {"data": hang_up}, {"connect": endless(b"", b"x" * 8192)}]
    pairs = [(liars(lie), liars()) for lie in lies]
    submit(server, *(f"a@p{first.number}.liar.example" for first, _ in pairs))
    for first, second in pairs:
        (message,) = second.wait_for(1)
        assert len(first.sessions) == 1 and not first.messages
    assert is_empty(server)


def test_who_may_have_it_is_not_passed_over(server, liars):
    first, second = liars({"end": hang_up}, {}), liars()
    submit(server, f"a@p{first.number}.liar.example")
    first.wait_for(1)
    assert is_empty(server)
    assert not second.sessions and len(first.sessions) == 2


def test_recipients_are_judged_one_by_one(server, liars):
    replies = [b"250 fine\r\n", b"550 5.1.1 gone\r\n", b"451 4.2.0 later\r\n", b"250 fine\r\n"]

    def judge(session):
        return session.send(replies.pop(0) if replies else b"250 fine\r\n")

    liar = liars({"rcpt": judge}, {})
    submit(server, *(f"r{i}@d{liar.number}.liar.example" for i in range(4)))
    liar.wait_for(2)
    report = wait_for_report(server, f"r1@d{liar.number}.liar.example")
    assert "Status: 5.1.1" in report.as_string()
    assert is_empty(server)
    assert sorted(sum((each.recipients for each in liar.messages), [])) == [
        f"r{i}@d{liar.number}.liar.example".encode() for i in (0, 2, 3)]


def test_of_a_hosts_addresses_one_will_do(server, liars):
    lies = [{"connect": hang_up}, {"ehlo": reset}, {"rcpt": hang_up}, {"connect": b"421 no\r\n"}]
    pairs = [(liars(lie), liars()) for lie in lies]
    submit(server, *(f"a@m{first.number}.liar.example" for first, _ in pairs))
    for first, second in pairs:
        second.wait_for(1)
        # The order is the name server's.
        assert len(first.sessions) <= 1 and len(second.sessions) == 1
    assert is_empty(server)


@pytest.mark.parametrize("limit", [b"452 4.5.3 too many\r\n", b"552 5.5.3 too many\r\n",
                                   b"451 4.2.0 later\r\n"])
def test_many_recipients_come_in_rounds(server, liars, limit):
    def at_most_ten(session):
        return session.send(limit if len(session.envelope[1]) == 10 else b"250 fine\r\n")

    liar = liars({"rcpt": at_most_ten})
    names = [f"r{i}@d{liar.number}.liar.example" for i in range(25)]
    submit(server, *names)
    liar.wait_for(3)
    assert is_empty(server)
    taken = [each.decode() for message in liar.messages for each in message.recipients]
    assert sorted(taken) == sorted(names)


@pytest.mark.parametrize("script", [
    {}, {"end": last_word(b"250 2.0.0 taken\r\n")}, {"quit": hang_up},
    {"end": b"250 2.0.0 taken\r\n421 4.3.2 enough\r\n"},
], ids=["all", "one_each", "no_quit", "unasked_421"])
def test_several_messages_on_a_connection(server, liars, script):
    number = next(_numbers)
    for _ in range(3):
        submit(server, f"a@d{number}.liar.example")
    wait_until(lambda: all(each["recipients"][0]["last_diagnostic"] for each in queue(server)),
               "an attempt of each")
    liar = liars(script, number=number)
    server.command("queue", "retry", "--all")
    assert is_empty(server)
    assert sum(len(session.contents) for session in liar.sessions) == 3


def test_a_connection_that_rests_may_be_closed(server, liars):
    """The next message for the same place goes by a new one, at once and not as a failure."""
    def take_and_close(session):
        reply = session.send(b"250 2.0.0 taken\r\n")
        session.sock.shutdown(socket.SHUT_RDWR)
        return reply

    closing, resting = liars({"end": take_and_close}, {}), liars()
    for round_ in (1, 2, 3):
        send_to(server, closing, resting)
        closing.wait_for(round_)
        resting.wait_for(round_)
    assert is_empty(server)
    assert len(closing.sessions) == 2
    assert len(resting.sessions) == 1
    assert f"{address(closing)} " not in "".join(
        line for line in server.log_text().splitlines() if "courier.deferred" in line)


def test_a_killed_courier_leaves_nothing_on_lease(server, liars):
    """queue.lease_time is half an hour here; the mail is tried again after queue.retry_first."""
    stages = ["connect", "rcpt", "end"]
    made = [liars({stage: hang}, {}) for stage in stages]
    send_to(server, *made)
    for liar in made:
        liar.wait_for_sessions(1)
    wait_until(lambda: made[-1].sessions[0].contents, "a message without an answer")
    (pid,) = server.role_pids("courier")
    os.kill(pid, signal.SIGKILL)
    for liar in made:
        liar.wait_for(1)
    assert is_empty(server)
    assert [len(liar.messages) for liar in made] == [1] * len(made)


@pytest.mark.slow
def test_the_server_stops_while_others_hang(server, liars):
    stages = [stage for stage in STAGES if stage != "content"]
    made = [liars({stage: hang}, {}) for stage in stages]
    made.append(liars({"ehlo": CHUNKS, "end": hang}, {}))
    send_to(server, *made)
    for liar in made:
        liar.wait_for_sessions(1)
    wait_until(lambda: all(liar.sessions[0].commands for liar in made[1:]), "EHLO everywhere")
    server.restart()
    for liar in made:
        liar.wait_for(1)
    assert is_empty(server)
    assert [len(liar.messages) for liar in made] == [1] * len(made)
