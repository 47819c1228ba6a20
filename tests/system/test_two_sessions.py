"""Two sessions on one mailbox: IDLE, sequence numbers, flags, and what each may hear when."""

from __future__ import annotations

import base64

import pytest

from lib.clients import Imap, Pop3, Smtp, simple_message
from lib.server import PASSWORD


@pytest.fixture
def pair(shared_server, user):
    """Two sessions with four messages in INBOX, both selected."""
    first, second = Imap.open(shared_server, user), Imap.open(shared_server, user)
    for n in range(4):
        first.append("INBOX", simple_message(f"m{n}@remote.example")).ok()
    assert first.select() == 4
    assert second.select() == 4
    yield first, second
    first.logout()
    second.logout()


def test_idle_hears_of_an_append(pair):
    first, second = pair
    tag = second.idle()
    first.append("INBOX", simple_message("new@remote.example")).ok()
    line = second.connection.line()
    while not line.endswith(b" EXISTS"):
        line = second.connection.line()
    assert line == b"* 5 EXISTS"
    second.done(tag).ok()


def test_idle_hears_of_a_delivery(shared_server, user, pair):
    _, second = pair
    tag = second.idle()
    client = Smtp.open(shared_server, "lmtp")
    client.deliver(simple_message("delivered@remote.example"), user)
    client.quit()
    assert second.connection.line() == b"* 5 EXISTS"
    second.done(tag).ok()
    assert second.message_ids()[-1] == "delivered@remote.example"


def test_idle_hears_of_expunges_in_its_own_numbers(pair):
    first, second = pair
    tag = second.idle()
    first.command("STORE 2,4 +FLAGS.SILENT (\\Deleted)").ok()
    told = [int(item.split()[1]) for item in first.command("EXPUNGE").ok()
            if item.endswith(b" EXPUNGE")]
    assert told in ([2, 3], [4, 2])
    lines = []
    while sum(line.endswith(b"EXPUNGE") for line in lines) < 2:
        lines.append(second.connection.line())
    numbers = [int(line.split()[1]) for line in lines if line.endswith(b"EXPUNGE")]
    assert numbers in ([2, 3], [4, 2])
    second.done(tag).ok()
    reply = second.command("FETCH 1:* (UID)").ok()
    assert reply == [b"* 1 FETCH (UID 1)", b"* 2 FETCH (UID 3)"]


def test_idle_hears_of_flags(pair):
    first, second = pair
    tag = second.idle()
    first.command("STORE 3 +FLAGS.SILENT (\\Flagged)").ok()
    line = second.connection.line()
    assert line.startswith(b"* 3 FETCH (") and b"\\Flagged" in line
    second.done(tag).ok()


def test_no_expunge_during_fetch_store_and_search(pair):
    """RFC 9051 section 7.5.1: numbers do not shift under FETCH, STORE and SEARCH."""
    first, second = pair
    first.command("STORE 1 +FLAGS.SILENT (\\Deleted)").ok()
    first.command("EXPUNGE").ok()
    for command in ("FETCH 2:4 (UID)", "STORE 3 +FLAGS (\\Flagged)", "SEARCH ALL"):
        reply = second.command(command)
        assert not [item for item in reply if item.endswith(b" EXPUNGE")], command
    assert b"* 1 EXPUNGE" in second.command("NOOP").ok()
    assert second.command("FETCH 1 (UID)").ok() == [b"* 1 FETCH (UID 2)"]


def test_uid_commands_may_tell_of_expunges(pair):
    """RFC 9051 section 6.4.9: a UID command works on UIDs whatever the numbers have become."""
    first, second = pair
    first.command("STORE 1 +FLAGS.SILENT (\\Deleted)").ok()
    first.command("EXPUNGE").ok()
    reply = second.command("UID FETCH 3 (UID)").ok()
    assert any(b"UID 3" in item for item in reply)
    second.command("NOOP").ok()
    assert second.command("FETCH 2 (UID)").ok() == [b"* 2 FETCH (UID 3)"]


def test_own_change_is_not_echoed_twice(pair):
    first, second = pair
    reply = first.command("STORE 1 +FLAGS (\\Seen)").ok()
    assert len(reply.starting("* 1 FETCH")) == 1
    assert not first.command("NOOP").ok().starting("* 1 FETCH")
    assert second.command("NOOP").ok().starting("* 1 FETCH")


def test_silent_store_is_heard_by_the_other(pair):
    first, second = pair
    assert not first.command("STORE 1:2 +FLAGS.SILENT (\\Seen)").ok()
    heard = second.command("NOOP").ok()
    assert len(heard.starting("* 1 FETCH")) == 1 and len(heard.starting("* 2 FETCH")) == 1


def test_move_away_under_an_idle_session(pair):
    first, second = pair
    first.command("CREATE other").ok()
    tag = second.idle()
    first.command("MOVE 1:2 other").ok()
    lines = []
    while sum(line.endswith(b"EXPUNGE") for line in lines) < 2:
        lines.append(second.connection.line())
    second.done(tag).ok()
    assert second.command("FETCH 1 (UID)").ok() == [b"* 1 FETCH (UID 3)"]


def expunged(lines: list[bytes]) -> int:
    return sum(line.endswith(b" EXPUNGE") for line in lines)


def test_rename_inbox_under_an_idle_session(pair):
    """RFC 9051 section 6.3.6: the messages leave INBOX, and who has it open stays in INBOX."""
    first, second = pair
    tag = second.idle()
    reply = first.command("RENAME INBOX oldbox").ok()
    assert expunged(reply) == 4, "the session itself has INBOX selected"
    lines = []
    while expunged(lines) < 4:
        lines.append(second.connection.line())
    first.append("INBOX", simple_message("new@remote.example")).ok()
    while not lines[-1].endswith(b" EXISTS"):
        lines.append(second.connection.line())
    assert lines[-1] == b"* 1 EXISTS"
    second.done(tag).ok()
    # What it does is done to INBOX.
    second.command("STORE 1 +FLAGS (\\Deleted)").ok()
    assert expunged(second.command("EXPUNGE").ok()) == 1
    assert second.message_ids("INBOX") == []
    assert second.message_ids("oldbox") == [f"m{n}@remote.example" for n in range(4)]


def test_rename_inbox_keeps_stale_uids_away_from_the_new_mailbox(pair):
    """A command that comes before the session has heard of it hits nothing."""
    first, second = pair
    first.command("CREATE INBOX/sub").ok()
    before = second.command("STATUS INBOX (UIDVALIDITY)").ok()
    first.command("RENAME inbox oldbox2").ok()
    second.command("UID STORE 1:4 +FLAGS.SILENT (\\Deleted)")
    second.command("UID EXPUNGE 1:4")
    assert second.command("STATUS INBOX (UIDVALIDITY)").ok() == before
    assert len(first.message_ids("oldbox2")) == 4
    assert b"\\Deleted" not in b"".join(first.command("FETCH 1:4 (FLAGS)").ok())
    assert first.select("INBOX/sub") == 0


def test_rename_inbox_under_a_pop3_session(shared_server, user):
    imap = Imap.open(shared_server, user)
    imap.append("INBOX", simple_message("kept@remote.example")).ok()
    pop = Pop3.open(shared_server, user)
    pop.ok("DELE 1")
    imap.command("RENAME INBOX oldbox").ok()
    pop.connection.send(b"QUIT\r\n")
    pop.connection.rest()
    assert imap.message_ids("oldbox") == ["kept@remote.example"]
    imap.logout()


def submitting(server, user: str) -> Smtp:
    client = Smtp.open(server, "submission")
    token = base64.b64encode(f"\0{user}\0{PASSWORD}".encode()).decode()
    assert client.command(f"AUTH PLAIN {token}")[0] == 235
    return client


@pytest.mark.parametrize("change", ["remove", "password"])
def test_sessions_end_with_their_account(shared_server, new_user, user, change):
    """Who is logged in is told, and out, when the account goes or gets another password."""
    ours = new_user("ending")
    bystander = Imap.open(shared_server, user)
    bystander.select()
    idle, selected, fresh = (Imap.open(shared_server, ours) for _ in range(3))
    idle.select()
    idle.idle()
    selected.select()
    pop = Pop3.open(shared_server, ours)
    quiet, writing = submitting(shared_server, ours), submitting(shared_server, ours)
    assert writing.command(f"MAIL FROM:<{ours}>")[0] == 250
    assert writing.command(f"RCPT TO:<{ours}>")[0] == 250
    assert writing.command("DATA")[0] == 354
    if change == "remove":
        shared_server.command("account", "remove", ours)
    else:
        shared_server.command("account", "password", ours, "--password-stdin",
                              input="another-Horse-8-battery")
    for client in (idle, selected, fresh):
        assert client.connection.rest().startswith(b"* BYE")
    assert pop.connection.rest().startswith(b"-ERR")
    for client in (quiet, writing):
        assert client.connection.rest().startswith(b"421 4.7.0 ")
    bystander.command("NOOP").ok()
    bystander.logout()
    again = Imap.open(shared_server)
    assert again.command(f'LOGIN "{ours}" "correct-Horse-7-battery"').status == "NO"
    again.logout()
    if change == "password":
        Imap.open(shared_server, ours, "another-Horse-8-battery").logout()


def test_deleting_a_selected_mailbox(shared_server, user):
    """The session that had it selected goes on or is told to go; it does not hang or crash."""
    first, second = Imap.open(shared_server, user), Imap.open(shared_server, user)
    first.command("CREATE doomed").ok()
    second.append("doomed", simple_message("x@remote.example")).ok()
    second.select("doomed")
    first.command("DELETE doomed").ok()
    second.connection.send(b"x1 NOOP\r\nx2 FETCH 1 FLAGS\r\n")
    line = second.connection.line()
    while not line.startswith((b"x1 ", b"* BYE")):
        line = second.connection.line()
    first.command("NOOP").ok()
    first.logout()
    second.connection.close()


def test_pop3_lock(shared_server, user):
    """RFC 1939 section 4, RFC 2449 section 8.1.2: one POP3 session at a time."""
    first = Pop3.open(shared_server, user)
    second = Pop3.open(shared_server)
    second.ok(f"USER {user}")
    from lib.server import PASSWORD
    assert second.command(f"PASS {PASSWORD}").startswith(b"-ERR [IN-USE]")
    second.connection.close()
    first.quit()
    again = Pop3.open(shared_server, user)
    again.quit()


def test_pop3_lock_ends_with_its_connection(shared_server, user):
    first = Pop3.open(shared_server, user)
    first.connection.reset()
    from lib.server import PASSWORD, wait_until

    def free() -> bool:
        client = Pop3.open(shared_server)
        client.ok(f"USER {user}")
        done = client.command(f"PASS {PASSWORD}").startswith(b"+OK")
        client.connection.close()
        return done
    wait_until(free, "the lock of a vanished session ends")


def test_pop3_and_imap_together(shared_server, user):
    """What IMAP expunges under a POP3 session is an error there, and no other message is hit."""
    imap = Imap.open(shared_server, user)
    for n in range(3):
        imap.append("INBOX", simple_message(f"p{n}@remote.example")).ok()
    pop = Pop3.open(shared_server, user)
    imap.select()
    imap.command("STORE 1 +FLAGS.SILENT (\\Deleted)").ok()
    imap.command("EXPUNGE").ok()
    assert b"p1@remote.example" in pop.multiline("RETR 2")
    pop.ok("DELE 2")
    pop.quit()
    assert imap.message_ids() == ["p2@remote.example"]
    imap.logout()
