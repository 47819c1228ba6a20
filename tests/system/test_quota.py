"""Quotas: what goes over is refused in the protocol's words, and leaves room again when deleted."""

from __future__ import annotations

import os

import pytest

from lib.clients import Imap, Smtp, simple_message


@pytest.fixture
def small(make_server):
    server = make_server({"limits.account_quota": "1 MiB"})
    return server, server.add_account("small")


def message(name: str, size: int) -> bytes:
    return simple_message(f"{name}@remote.example",
                          "\n".join(os.urandom(36).hex() for _ in range(size // 74)))


def test_smtp_over_quota(small):
    server, user = small
    client = Smtp.open(server)
    codes = [client.send_message(message(f"q{n}", 300_000), user)[0] for n in range(3)]
    assert [code for code, _ in codes] == [250] * 3
    for attempt in range(2):
        code, text = client.command("MAIL FROM:<a@remote.example>")
        assert code == 250
        code, text = client.command(f"RCPT TO:<{user}>")
        if code == 250:
            assert client.command("DATA")[0] == 354
            from lib.clients import dot_stuff
            client.connection.send(dot_stuff(message("over", 300_000)))
            code, text = client.reply()
        assert code in (452, 552) and text[0].split()[0] in ("4.2.2", "5.2.2"), text
        client.command("RSET")

    reader = Imap.open(server, user)
    reader.select()
    reader.command("STORE 1 +FLAGS.SILENT (\\Deleted)").ok()
    reader.command("EXPUNGE").ok()
    reader.logout()
    client.deliver(message("again", 300_000), user)
    client.quit()


def test_lmtp_tells_each_recipient(small):
    """One full mailbox does not hinder another recipient of the same message."""
    server, full = small
    other = server.add_account("other")
    client = Smtp.open(server, "lmtp")
    for n in range(3):
        client.deliver(message(f"l{n}", 330_000), full)
    client.command("MAIL FROM:<a@remote.example>")
    first = client.command(f"RCPT TO:<{full}>")[0]
    assert client.command(f"RCPT TO:<{other}>")[0] == 250
    assert client.command("DATA")[0] == 354
    from lib.clients import dot_stuff
    client.connection.send(dot_stuff(message("both", 330_000)))
    codes = [client.reply()[0] for _ in range(2 if first == 250 else 1)]
    assert codes[-1] == 250
    if first == 250:
        assert codes[0] in (452, 552)
    client.quit()
    reader = Imap.open(server, other)
    assert reader.message_ids() == ["both@remote.example"]
    reader.logout()


def test_imap_over_quota(small):
    """RFC 9208 section 4.3.1: APPEND and COPY that go over answer NO [OVERQUOTA]."""
    server, user = small
    client = Imap.open(server, user)
    for n in range(3):
        client.append("INBOX", message(f"a{n}", 300_000)).ok()
    reply = client.append("INBOX", message("over", 300_000))
    assert reply.status == "NO" and b"[OVERQUOTA]" in reply.tagged
    client.select()
    reply = client.command("COPY 1:3 INBOX")
    assert reply.status == "NO" and b"[OVERQUOTA]" in reply.tagged
    assert client.select() == 3
    client.logout()
