"""Thirty-two clients at once: they deliver and read, and nothing is lost, mixed up or refused."""

from __future__ import annotations

import threading

import pytest

from lib.clients import Imap, Pop3, Smtp, simple_message

pytestmark = pytest.mark.slow

THREADS = 32
EACH = 12


def in_threads(works) -> None:
    """Runs all at once; the first failure of any is the test's."""
    failures: list[BaseException] = []

    def guarded(work):
        try:
            work()
        except BaseException as failure:  # noqa: BLE001: shown by the assertion below
            failures.append(failure)
    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not failures, failures[0]
    assert not any(thread.is_alive() for thread in threads)


def test_deliver_and_read(shared_server, new_user):
    users = [new_user("many") for _ in range(4)]

    def deliver(n: int):
        def work():
            client = Smtp.open(shared_server, "smtp" if n % 2 else "lmtp")
            for i in range(EACH):
                # Every message goes to two users, so that one blob has two owners.
                to = [users[n % 4], users[(n + 1) % 4]]
                client.deliver(simple_message(f"t{n}-{i}@remote.example", "x" * 50 * i), to)
            client.quit()
        return work

    def read(n: int):
        def work():
            client = Imap.open(shared_server, users[n % 4])
            for _ in range(4):
                count = client.select()
                if count:
                    reply = client.command("FETCH 1:* (UID FLAGS RFC822.SIZE)").ok()
                    assert len(reply.starting("*")) >= count
                client.command("SEARCH SUBJECT test").ok()
            client.logout()
        return work

    in_threads([deliver(n) for n in range(THREADS // 2)] + [read(n) for n in range(THREADS // 2)])

    for index, user in enumerate(users):
        client = Imap.open(shared_server, user)
        expected = sorted(f"t{n}-{i}@remote.example" for n in range(THREADS // 2)
                          for i in range(EACH) if index in (n % 4, (n + 1) % 4))
        assert sorted(client.message_ids()) == expected
        reply = client.command("UID SEARCH ALL").ok()
        assert reply[0].split()[2:] == [b"%d" % uid for uid in range(1, len(expected) + 1)]
        client.logout()


def test_appends_and_flags_of_one_mailbox(shared_server, user):
    """Writers of one mailbox: every APPEND gets a UID of its own, every flag change stays."""
    uids: list[int] = []

    def work():
        client = Imap.open(shared_server, user)
        client.select()
        for n in range(8):
            reply = client.append("INBOX", simple_message(f"a{id(client)}-{n}@remote.example")).ok()
            uid = int(reply.tagged.split(b"APPENDUID ")[1].split()[1].rstrip(b"]"))
            uids.append(uid)
            client.command(f"UID STORE {uid} +FLAGS.SILENT (\\Flagged)").ok()
        client.logout()
    in_threads([work] * 16)
    assert sorted(uids) == list(range(1, 16 * 8 + 1))
    client = Imap.open(shared_server, user)
    client.select()
    assert len(client.command("SEARCH FLAGGED").ok()[0].split()) == 2 + 16 * 8
    client.logout()


def test_many_connections(shared_server, user):
    """Some hundred idle connections do not keep a new client waiting."""
    held = [shared_server.connect(service) for service in ("smtp", "imap", "pop3")
            for _ in range(100)]
    for connection in held:
        assert connection.line().startswith((b"220", b"* OK", b"+OK"))
    client = Pop3.open(shared_server, user)
    client.quit()
    for connection in held:
        connection.close()


def test_connections_that_vanish(shared_server, user):
    """RST in every state leaves nothing that hinders the next."""
    def work():
        for service in ("smtp", "imap", "pop3", "imaps", "pop3s"):
            shared_server.connect(service).reset()
            connection = shared_server.connect(service)
            connection.send(b"EHLO x\r\n")
            connection.reset()
        client = Smtp.open(shared_server)
        client.command("MAIL FROM:<a@remote.example>")
        client.command(f"RCPT TO:<{user}>")
        client.command("DATA")
        client.connection.send(b"Subject: half\r\n")
        client.connection.reset()
        client = Imap.open(shared_server, user)
        client.connection.send(b"x APPEND INBOX {1000+}\r\nSubject")
        client.connection.reset()
    in_threads([work] * 8)
    client = Imap.open(shared_server, user)
    assert client.select() == 0
    client.logout()
