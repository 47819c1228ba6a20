"""What messages on their way in may hold of a worker's memory (limits.buffered_bytes).

With these limits a process has room for 7 MiB of large messages and 1 MiB of small ones; one client
address gets a message of the largest size, a little more than 4 MiB.
"""

from __future__ import annotations

import pytest

from conftest import RELAXED
from lib.clients import Imap, Smtp, dot_stuff, simple_message
from lib.connection import next_source
from lib.server import wait_until

MIB = 1024 * 1024
HELD = 3600 * 1024
LIMITS = {**RELAXED, "limits.message_size": "4 MiB", "limits.buffered_bytes": "8 MiB",
          "roles.mx": 1, "roles.imap": 1}
CONNECTIONS = 6


def message(size: int, message_id: str = "big@remote.example") -> bytes:
    head = simple_message(message_id)
    return head + (b"x" * 70 + b"\r\n") * ((size - len(head)) // 72)


@pytest.fixture(scope="module")
def server():
    from conftest import _running
    yield from _running(LIMITS)


def hold_by_smtp(server, user: str, source: str) -> list[Smtp]:
    """Connections whose messages have come but for their end. Those without room hold nothing."""
    held = []
    for _ in range(CONNECTIONS):
        client = Smtp.open(server, source=source)
        assert client.command("MAIL FROM:<a@remote.example>")[0] == 250
        assert client.command(f"RCPT TO:<{user}>")[0] == 250
        assert client.command("DATA")[0] == 354
        client.connection.send(message(HELD))
        held.append(client)
    return held


def test_smtp_and_lmtp(server):
    """RFC 5321 section 4.2.3: 452, and the session goes on."""
    user = server.add_account("room")
    other = server.add_account("second")
    greedy, decent = next_source(), next_source()
    held = hold_by_smtp(server, user, greedy)

    same = Smtp.open(server, source=greedy)
    code, text = wait_until(
        lambda: next((reply for reply in same.send_message(message(MIB), user) if reply[0] != 250),
                     None), "the client's share is used up")
    assert code == 452 and text[0].startswith("4.3.1"), (code, text)
    # Ordinary mail goes on, also on the same session, and so does large mail of others.
    same.deliver(simple_message("small@remote.example"), user)
    Smtp.open(server, source=decent).deliver(message(3 * MIB), user)

    # RFC 2033 section 4.2: one reply for each recipient.
    local = Smtp.open(server, "lmtp")
    replies = wait_until(
        lambda: next((replies for replies in [local.send_message(message(HELD), [user, other])]
                      if replies[0][0] != 250), None), "the process has no room")
    assert [code for code, _ in replies] == [452, 452], replies
    local.deliver(simple_message("local@remote.example"), [user, other])

    # Those who held get theirs in; what was refused for now gets in when they have gone.
    codes = set()
    for client in held:
        client.connection.send(b".\r\n")
        codes.add(client.reply()[0])
    assert codes == {250, 452}
    same.deliver(message(HELD), user)
    local.deliver(message(HELD), [user, other])
    for client in [*held, same, local]:
        client.quit()


def test_append(server):
    """RFC 5530 section 3: NO [LIMIT], before the literal where it is waited for, else behind it."""
    user = server.add_account("appender")
    greedy, decent = next_source(), next_source()

    def login(source: str) -> Imap:
        return Imap.open(server, user, service="imap", source=source)

    def begin(client: Imap, size: int) -> bytes:
        """The tag of an APPEND whose literal is waited for, or none."""
        tag = client.send(f"APPEND INBOX {{{size}}}")
        line = client.connection.line()
        if line.startswith(b"+"):
            return tag
        assert line.startswith(tag + b" NO [LIMIT] "), line
        return b""

    # These were let in when there was room.
    early = [login(greedy) for _ in range(CONNECTIONS)]
    tags = [begin(client, MIB) for client in early]
    assert all(tags)
    held = [login(greedy) for _ in range(CONNECTIONS)]
    for client in held:
        if begin(client, HELD):
            client.connection.send(message(HELD)[:HELD - 1000])

    def is_refused(client: Imap) -> bool:
        """Whether one more byte than is left is refused before it is sent."""
        tag = begin(client, MIB)
        if not tag:
            return True
        client.connection.send(message(MIB).ljust(MIB, b"x") + b"\r\n")
        client.finish(tag)
        return False

    same = login(greedy)
    wait_until(lambda: is_refused(same), "the client's share is used up")
    refused = same.append("INBOX", message(MIB))
    assert refused.tagged.split(b" ", 1)[1].startswith(b"NO [LIMIT] "), refused.tagged
    same.append("INBOX", simple_message("small@remote.example")).ok()
    login(decent).append("INBOX", message(3 * MIB)).ok()

    outcomes = set()
    for client, tag in zip(early, tags):
        client.connection.send(message(MIB).ljust(MIB, b"x") + b"\r\n")
        outcomes.add(client.finish(tag).tagged.split(b" ", 1)[1][:10])
        client.command("NOOP").ok()
    assert outcomes == {b"NO [LIMIT]"}

    for client in held:
        client.connection.close()
    wait_until(lambda: not is_refused(same), "the room is free again")


def test_memory(server):
    """What is not counted for a message is not kept of it either."""
    pid, = server.role_pids("mx")

    def memory(field: str) -> int:
        with open(f"/proc/{pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith(field))

    user = server.add_account("memory")
    before = memory("VmRSS")
    held = hold_by_smtp(server, user, next_source())
    held += hold_by_smtp(server, user, next_source())
    for client in held:
        client.connection.send(b".\r\n")
        client.reply()
    # The room, as much again for what a message becomes on its way to core, and what the allocator
    # keeps; the messages together have 42 MiB.
    assert memory("VmHWM") - before < 24 * 1024, "KiB"
    for client in held:
        client.quit()
