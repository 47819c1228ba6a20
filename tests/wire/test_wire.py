"""Plays every *.wire transcript: whole, byte by byte and in bursts, plain and over TLS."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from lib.clients import Imap, Smtp, crlf
from lib.connection import next_source
from lib.server import DOMAIN, PASSWORD, Server
from lib.wire import Player, Transcript, parse_all

HERE = Path(__file__).resolve().parent
TRANSCRIPTS = [script for path in sorted(HERE.glob("*/*.wire")) for script in parse_all(path)]
CASES = [(script, mode, transport) for script in TRANSCRIPTS
         for mode, transport in script.variants()]


FIXTURES = {"relaxed": "shared_server", "strict": "strict_server", "outbound": "outbound_server"}


def local_part(index: int) -> str:
    return f"wire{index}"


def pytest_generate_tests(metafunc):
    if "case" in metafunc.fixturenames:
        ids = [f"{script.name}-{transport}-{mode}" for script, mode, transport in CASES]
        metafunc.parametrize("case", range(len(CASES)), ids=ids)


@pytest.fixture(scope="session")
def servers(request):
    """The servers that are asked for, with an account for each selected case that needs one."""
    wanted: dict[str, list[str]] = {}
    for item in request.session.items:
        params = getattr(getattr(item, "callspec", None), "params", {})
        if "case" in params:
            script = CASES[params["case"]][0]
            locals_ = wanted.setdefault(script.server, [])
            if script.needs_account:
                locals_.append(local_part(params["case"]))
    by_name = {}
    for name, locals_ in wanted.items():
        by_name[name] = request.getfixturevalue(FIXTURES[name])
        by_name[name].add_accounts(locals_)
    return by_name


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def message(name: str) -> bytes:
    return crlf((HERE / "messages" / f"{name}.eml").read_bytes())


def set_up(server: Server, script: Transcript, user: str) -> None:
    """Does what the `setup:` headers ask for."""
    for words in script.setup:
        if words[0] == "deliver":
            client = Smtp.open(server, "lmtp")
            for _ in range(int(words[2]) if len(words) > 2 else 1):
                client.deliver(message(words[1]), f"{user}@{DOMAIN}")
            client.quit()
        elif words[0] == "append":
            client = Imap.open(server, user)
            flags = " ".join(words[2:])
            client.append("INBOX", message(words[1]), f"({flags})" if flags else "").ok()
            client.logout()
        elif words[0] == "alias":
            server.command("alias", "add", f"{user}-{words[1]}@{DOMAIN}", f"{user}@{DOMAIN}")


def opener(server: Server, transport: str, auto: bool):
    """A function that opens a connection the way the variant asks for."""
    source = next_source()

    def connect(service: str):
        is_implicit = transport == "tls" and service in ("imap", "pop3")
        if service == "lmtp":
            connection = server.connect("lmtp")
        elif is_implicit or transport == "implicit":
            connection = server.connect(service + "s", source=source)
            connection.start_tls()
        else:
            connection = server.connect(service, source=source)
        if service in ("smtp", "submission") and transport == "tls":
            client = Smtp(connection)
            client.hello()
            client.start_tls()
        elif auto:
            greeting = connection.line()
            assert greeting.startswith((b"220 ", b"* OK ", b"+OK ")), greeting
        return connection
    return connect


def test_wire(case, servers):
    script, mode, transport = CASES[case]
    server = servers[script.server]
    user = local_part(case)
    set_up(server, script, user)
    names = {"user": user, "address": f"{user}@{DOMAIN}", "password": PASSWORD, "domain": DOMAIN,
             "sasl_plain": base64_of(f"\0{user}\0{PASSWORD}"),
             "sasl_plain_for_boss": base64_of(f"boss\0{user}\0{PASSWORD}"),
             "user_base64": base64_of(user), "password_base64": base64_of(PASSWORD)}
    connect = opener(server, transport, script.greeting == "auto")
    Player(script, mode, connect, names).play()


@pytest.mark.no_server
@pytest.mark.parametrize("script", TRANSCRIPTS, ids=lambda script: script.name)
def test_transcript_names_its_source(script):
    """Each transcript says which rule it holds the server to, and lies in its service's folder."""
    title = " ".join(script.title)
    assert any(mark in title for mark in ("RFC ", "Security ")), "name the RFC section or rule"
    assert script.path.parent.name == script.service
