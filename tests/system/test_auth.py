"""SASL on a running server: SCRAM with and without channel binding, and app passwords."""

from __future__ import annotations

import base64
import json

import pytest

from lib.clients import Imap, Pop3
from lib.connection import next_source
from lib.scram import Scram, end_point
from lib.server import DOMAIN, PASSWORD

MECHANISMS = ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1")


def encoded(data: bytes) -> bytes:
    return base64.b64encode(data)


def answer_of(line: bytes) -> bytes | None:
    """The challenge in a continuation line; nothing when it is none."""
    return base64.b64decode(line[2:]) if line.startswith(b"+ ") else None


def play(connection, command: bytes, scram: Scram, *, verify: bool = True) -> bytes:
    """Runs the exchange behind `command`, and returns the line that ends it."""
    connection.send(command + b"\r\n")
    challenge = answer_of(connection.line())
    assert challenge == b""
    connection.send(encoded(scram.first()) + b"\r\n")
    line = connection.line()
    if (challenge := answer_of(line)) is None:
        return line
    connection.send(encoded(scram.final(challenge)) + b"\r\n")
    line = connection.line()
    if (challenge := answer_of(line)) is None:
        return line
    assert scram.verify(challenge) or not verify
    connection.send(b"\r\n")
    return connection.line()


def binding_of(connection, mechanism: str) -> tuple[str, bytes] | None:
    if not mechanism.endswith("-PLUS"):
        return None
    return "tls-server-end-point", end_point(connection.sock)


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_scram_in_imap(shared_server, user, source, mechanism):
    client = Imap.open(shared_server, source=source)
    offered = client.command("CAPABILITY")[0].split()
    assert f"AUTH={mechanism}".encode() in offered
    scram = Scram(user, PASSWORD, mechanism, binding_of(client.connection, mechanism))
    done = play(client.connection, f"x AUTHENTICATE {mechanism}".encode(), scram)
    assert done.startswith(b"x OK "), done
    assert client.select() == 0
    client.logout()


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_scram_in_pop3(shared_server, user, source, mechanism):
    client = Pop3.open(shared_server, source=source)
    offered = client.multiline("CAPA").decode()
    assert mechanism in next(line for line in offered.split("\r\n") if line.startswith("SASL"))
    scram = Scram(user, PASSWORD, mechanism, binding_of(client.connection, mechanism))
    done = play(client.connection, f"AUTH {mechanism}".encode(), scram)
    assert done.startswith(b"+OK"), done
    client.ok("STAT")
    client.quit()


def test_scram_without_tls_has_no_binding(shared_server, user, source):
    client = Imap.open(shared_server, service="imap", source=source)
    offered = client.command("CAPABILITY")[0]
    assert b"AUTH=SCRAM-SHA-256 " in offered + b" " and b"-PLUS" not in offered
    assert client.command("AUTHENTICATE SCRAM-SHA-256-PLUS").status == "NO"
    # A client that could bind finds that the server cannot: the truth, here.
    scram = Scram(user, PASSWORD, flag="y")
    assert play(client.connection, b"x AUTHENTICATE SCRAM-SHA-256", scram).startswith(b"x OK ")


def test_what_is_not_right_is_told_alike(shared_server, user, source):
    """A wrong password, a name without an account, a downgrade, another connection's binding."""
    lines = set()
    plus = "SCRAM-SHA-256-PLUS"
    for name, password, mechanism, options in (
            (user, "wrong", "SCRAM-SHA-256", {}),
            (f"nobody@{DOMAIN}", PASSWORD, "SCRAM-SHA-256", {}),
            (user, PASSWORD, "SCRAM-SHA-256", {"flag": "y"}),
            (user, PASSWORD, "SCRAM-SHA-256", {"authzid": f"root@{DOMAIN}"}),
            (user, PASSWORD, plus, {"binding": ("tls-server-end-point", bytes(32))}),
            (user, PASSWORD, plus, {"binding": ("tls-unique", bytes(12))})):
        client = Imap.open(shared_server, source=next_source())
        scram = Scram(name, password, mechanism, **options)
        lines.add(play(client.connection, f"x AUTHENTICATE {mechanism}".encode(), scram))
        client.connection.close()
    assert len(lines) == 1 and next(iter(lines)).startswith(b"x NO [AUTHENTICATIONFAILED] ")


def salt_of(server, name: str) -> tuple[bytes, int]:
    client = Imap.open(server, source=next_source())
    scram = Scram(name, "wrong")
    play(client.connection, b"x AUTHENTICATE SCRAM-SHA-256", scram)
    client.connection.close()
    return scram.salt, scram.iterations


def test_a_name_without_an_account_keeps_its_salt(make_server):
    server = make_server()
    user = server.add_account("ann")
    names = (user, "ann", f"nobody@{DOMAIN}", "nobody")
    before = [salt_of(server, name) for name in names]
    assert before[0] == before[1] and before[2] == before[3] and before[0] != before[2]
    assert len(before[0][0]) == len(before[2][0]) and before[0][1] == before[2][1]
    server.restart()
    assert [salt_of(server, name) for name in names] == before


def test_passwords_are_prepared(shared_server, source):
    """RFC 4013: a no-break space is a space, and a ligature its letters."""
    address = f"prepared@{DOMAIN}"
    shared_server.command("account", "add", address, "--password-stdin",
                          input="long\u00a0pass\ufb01rase")
    client = Imap.open(shared_server, source=source)
    scram = Scram(address, "long passfirase")
    assert play(client.connection, b"x AUTHENTICATE SCRAM-SHA-256", scram).startswith(b"x OK ")


def test_the_options_are_obeyed(make_server):
    server = make_server({"auth.scram_iterations": 5000, "auth.scram_sha1": False})
    user = server.add_account("ann")
    client = Imap.open(server)
    offered = client.command("CAPABILITY")[0]
    assert b"SCRAM-SHA-256" in offered and b"SCRAM-SHA-1" not in offered
    assert client.command("AUTHENTICATE SCRAM-SHA-1").status == "NO"
    scram = Scram(user, PASSWORD)
    assert play(client.connection, b"x AUTHENTICATE SCRAM-SHA-256", scram).startswith(b"x OK ")
    assert scram.iterations == 5000


def test_app_passwords(make_server):
    server = make_server()
    user = server.add_account("ann")
    made = server.command("account", "app-password", "add", user, "phone", "--protocols",
                          "imap,submission")
    secret = made.stdout.decode().strip()
    assert len(secret.replace("-", "")) == 28
    Imap.open(server, user, secret).logout()
    spelled = secret.upper().replace("-", " ")
    assert Imap.open(server).authenticate_plain(user, spelled).status == "OK"
    pop3 = Pop3.open(server)
    pop3.ok(f"USER {user}")
    assert pop3.command(f"PASS {secret}").startswith(b"-ERR [AUTH]")
    # SCRAM knows the account's own password alone.
    scram = Scram(user, secret)
    client = Imap.open(server, source=next_source())
    assert play(client.connection, b"x AUTHENTICATE SCRAM-SHA-256", scram).startswith(b"x NO ")

    listed = json.loads(server.command("account", "app-password", "list", user, "--json").stdout)
    assert [(entry["name"], entry["protocols"]) for entry in listed] == [("phone",
                                                                          "imap,submission")]
    assert listed[0]["last_used"] > 0
    assert secret not in server.log_text()
    assert server.command("account", "app-password", "add", user, "phone",
                          check=False).returncode == 1
    assert server.command("account", "app-password", "add", user, "x", "--protocols", "smtp",
                          check=False).returncode == 1

    server.command("account", "app-password", "remove", user, "phone")
    refused = Imap.open(server, source=next_source()).command(f'LOGIN "{user}" "{secret}"')
    assert refused.status == "NO"
    Imap.open(server, user).logout()

    # Without a server the commands work on the store.
    assert server.stop() == 0
    made = server.command("account", "app-password", "add", user, "laptop", "--json")
    laptop = json.loads(made.stdout)["password"]
    assert b"laptop" in server.command("account", "app-password", "list", user).stdout
    assert server.command("verify").returncode == 0
    dump = server.command("dump").stdout.decode()
    assert '"app_password"' in dump and laptop not in dump
    server.start()
    Pop3.open(server, user, laptop).quit()


def test_a_changed_password_ends_the_old_keys(make_server):
    server = make_server()
    user = server.add_account("ann")
    server.command("account", "password", user, "--password-stdin", input="another-Horse-8")
    for password, word in ((PASSWORD, b"x NO "), ("another-Horse-8", b"x OK ")):
        client = Imap.open(server, source=next_source())
        done = play(client.connection, b"x AUTHENTICATE SCRAM-SHA-256", Scram(user, password))
        assert done.startswith(word), done
