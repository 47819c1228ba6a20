"""Logs: no secrets, no raw control bytes, one message's way through the processes (V46)."""

from __future__ import annotations

import base64
import json
import re

import pytest

from lib.clients import Imap, Pop3, Smtp, simple_message
from lib.server import PASSWORD

WRONG = "Wrong-But-Secret-815"


def exercise(server) -> str:
    """Logs in every way, right and wrong, and sends odd names. Returns the user's address."""
    user = server.add_account("logged")
    Imap.open(server, user).logout()
    client = Imap.open(server)
    client.command(f'LOGIN {user} "{WRONG}"')
    client.authenticate_plain(user, WRONG)
    client.authenticate_plain(user, PASSWORD).ok()
    client.logout()
    client = Imap.open(server)
    client.command(f"LOGIN {PASSWORD}")
    client.command(f"{PASSWORD} LOGIN")
    client.connection.close()
    pop = Pop3.open(server)
    pop.command(f"USER {user}")
    pop.command(f"PASS {WRONG}")
    pop.command(f"PASS {PASSWORD}")
    pop.connection.close()
    Pop3.open(server, user).quit()
    foreign = Smtp.open(server, hello=False)
    assert foreign.command("EHLO \x1b]0;owned\x07")[0] == 554
    foreign.connection.close()
    smtp = Smtp.open(server)
    smtp.command("NOOP \x1b]0;owned\x07")
    smtp.command(b"MAIL FROM:<\xe2\x80\xae@remote.example> SMTPUTF8")
    smtp.command("RSET")
    smtp.command(f"AUTH PLAIN {base64.b64encode(f'0{user}0{WRONG}'.encode()).decode()}")
    smtp.command("MAIL FROM:<a@remote.example>")
    smtp.command('RCPT TO:<"x y=z level=error"@example.test>')
    smtp.command("RSET")
    smtp.deliver(simple_message("log-1@remote.example", subject="Private-Subject-4711",
                                body="Private-Body-4711"), user)
    smtp.quit()
    client = Imap.open(server)
    client.connection.send(b'x LOGIN "\x1b[31mred" "x"\r\n')
    client.connection.rest()
    return user


@pytest.mark.parametrize("level", ["info", "debug"])
def test_no_secrets_no_controls(make_server, level):
    server = make_server({"log.level": level})
    user = exercise(server)
    assert server.stop() == 0
    raw = server.log_path.read_bytes()
    text = raw.decode("utf-8")
    for secret in (PASSWORD, WRONG, "Private-Subject-4711", "Private-Body-4711"):
        assert secret not in text
        assert base64.b64encode(f"\0{user}\0{secret}".encode()).decode() not in text
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", raw), "control bytes"
    assert "\u202e" not in text
    for line in text.splitlines():
        assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", line), line


def test_json(make_server):
    server = make_server({"log.format": "json"})
    exercise(server)
    assert server.stop() == 0
    events = [json.loads(line) for line in server.log_text().splitlines()]
    for event in events:
        assert {"time", "level", "role", "event"} <= event.keys()
    assert {event["role"] for event in events} >= {"supervisor"}


def test_a_message_can_be_followed(make_server):
    """The id that one process logs for a message is the one that the others log."""
    server = make_server({"log.format": "json"})
    user = server.add_account("followed")
    smtp = Smtp.open(server)
    (code, text), = smtp.send_message(simple_message("follow-1@remote.example"), user)
    assert code == 250
    smtp.quit()
    assert server.stop() == 0
    events = [json.loads(line) for line in server.log_text().splitlines()]
    by_message: dict[str, set[str]] = {}
    for event in events:
        if "msg" in event:
            by_message.setdefault(event["msg"], set()).add(event["role"].partition("-")[0])
    assert any({"mx", "core"} <= roles for roles in by_message.values()), by_message
    followed = next(name for name, roles in by_message.items() if {"mx", "core"} <= roles)
    assert followed in text[0], "the client's 250 names it too"


def test_failed_logins_are_logged_with_their_address(make_server):
    server = make_server({"log.format": "json"})
    user = server.add_account("watched")
    client = Imap.open(server, source="127.77.1.9")
    client.command(f'LOGIN {user} "{WRONG}"')
    client.logout()
    assert server.stop() == 0
    lines = [line for line in server.log_text().splitlines() if "127.77.1.9" in line]
    assert any(user in line or "watched" in line for line in lines), lines
