"""A configuration that is wrong is refused with file, line, key and what would be right."""

from __future__ import annotations

import re
import shutil
import socket

import pytest

from lib.server import Server, free_offset


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A created but never started server, whose configuration each test changes in a copy."""
    server = Server(directory=tmp_path_factory.mktemp("config"))
    server.create()
    return server


@pytest.fixture
def draft(template, tmp_path):
    server = Server(directory=tmp_path)
    server.data = template.data
    shutil.copy(template.config, server.config)
    server.offset = template.offset
    return server


def check(server: Server) -> tuple[int, str]:
    done = server.command("config", "check", check=False)
    return done.returncode, done.stderr.decode() + done.stdout.decode()


def line_of(server: Server, text: str) -> int:
    lines = server.config.read_text().split("\n")
    return next(n for n, line in enumerate(lines, 1) if line.startswith(text))


def test_what_init_writes_is_right(draft):
    status, text = check(draft)
    assert status == 0, text


@pytest.mark.parametrize("name, value, hint", [
    ("limits.recipients", "many", "number"),
    ("limits.recipients", 5, "100"),
    ("limits.recipients", -1, "100"),
    ("limits.message_size", "50 elephants", "MiB"),
    ("limits.message_size", "1 TiB", ""),
    ("limits.smtp_idle", 30, ""),
    ("limits.smtp_idle", "0 s", ""),
    ("auth.allow_plaintext_loopback", "yes", "true"),
    ("server.hostname", "not a host", ""),
    ("listen.smtp", ["300.1.1.1"], ""),
    ("listen.smtp", ["127.0.0.1:99999"], ""),
    ("listen.smtp", "127.0.0.1", ""),
    ("tls.minimum_version", "1.1", "1.2"),
    ("log.format", "xml", "json"),
    ("smtp.disabled_extensions", ["FROBS"], ""),
    ("limits.greeting_pauze", "1 s", "greeting_pause"),
    ("limits.no_such_option", 1, ""),
    ("auth.argon2_memory", "1 KiB", ""),
])
def test_wrong_values(draft, name, value, hint):
    draft.set(name, value)
    status, text = check(draft)
    assert status == 1
    assert str(draft.config) in text
    assert name in text
    assert hint in text
    key = name.partition(".")[2]
    assert f":{line_of(draft, key)}:" in text, text


def test_unknown_section(draft):
    draft.config.write_text(draft.config.read_text() + "\n[frobs]\nx = 1\n")
    status, text = check(draft)
    assert status == 1 and "frobs" in text


def test_syntax_error(draft):
    draft.config.write_text(draft.config.read_text() + "\n[limits\n")
    status, text = check(draft)
    assert status == 1
    assert re.search(r"peregrine\.toml:\d+", text)


def test_duplicate_key(draft):
    text = draft.config.read_text()
    draft.config.write_text(text + "\n[frobs]\na = 1\na = 2\n")
    assert check(draft)[0] == 1


@pytest.mark.parametrize("content", [
    b"", b"\xff\xfe\x00\x00", b"[" * 100_000, b"a=" + b"[" * 50_000, b"x = 1\n" * 200_000,
    b"\0" * 1000,
], ids=["empty", "utf16", "brackets", "arrays", "repeats", "nul"])
def test_garbage(draft, content):
    draft.config.write_bytes(content)
    status, text = check(draft)
    assert status == 1 and text
    assert "terminate" not in text


def test_missing_certificate(draft):
    text = draft.config.read_text()
    missing = re.sub(r'(chain\s*=\s*")[^"]*"', r'\g<1>/nonexistent/chain.pem"', text)
    assert missing != text
    draft.config.write_text(missing)
    done = draft.command("serve", check=False)
    assert done.returncode == 1
    assert b"/nonexistent/chain.pem" in done.stderr


def test_certificate_without_its_key(draft, tmp_path):
    other = tmp_path / "other.key"
    other.write_text("-----BEGIN PRIVATE KEY-----\nbm90aGluZw==\n-----END PRIVATE KEY-----\n")
    text = draft.config.read_text()
    draft.config.write_text(re.sub(r'(key\s*=\s*")[^"]*"', rf'\g<1>{other}"', text))
    done = draft.command("serve", check=False)
    assert done.returncode == 1 and done.stderr


def test_serve_refuses_a_wrong_file(draft):
    draft.set("limits.recipients", "many")
    done = draft.command("serve", check=False)
    assert done.returncode == 1
    assert b"limits.recipients" in done.stderr
    assert b"ready" not in done.stdout


def test_port_in_use(make_server):
    server = make_server(start=False)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", server.port("imap")))
        taken.listen()
        done = server.command("serve", check=False)
    assert done.returncode == 1
    assert str(server.port("imap")).encode() in done.stderr
    server.start()


def test_second_server_on_the_same_data(server):
    second = Server(directory=server.directory / "second")
    second.directory.mkdir()
    second.config.write_text(server.config.read_text())
    second.set("listen.port_offset", free_offset())
    done = second.command("serve", check=False)
    assert done.returncode == 1 and done.stderr
    server.add_account("still")
    assert server.status()


def test_reference_lists_every_option(shared_server):
    """`config reference` prints the manual; what it names is what `init` wrote."""
    text = shared_server.command("config", "reference").stdout.decode()
    for name in ("allow_plaintext_loopback", "message_size", "greeting_pause", "low_water_mark"):
        assert name in text
        assert name in shared_server.config.read_text()


def test_disabled_extension(make_server):
    """What is not switched on does not exist: neither announced nor accepted."""
    from lib.clients import Imap, Pop3, Smtp
    server = make_server({"smtp.disabled_extensions": ["SMTPUTF8"],
                          "imap.disabled_extensions": ["IDLE", "MOVE"],
                          "pop3.disabled_extensions": ["TOP"], "listen.pop3": []})
    user = server.add_account("ext")
    smtp = Smtp.open(server, hello=False)
    assert "SMTPUTF8" not in smtp.hello()
    assert smtp.command("MAIL FROM:<a@remote.example> SMTPUTF8")[0] == 555
    imap = Imap.open(server, user)
    capability = imap.command("CAPABILITY").ok()[0].split()
    assert b"IDLE" not in capability and b"MOVE" not in capability
    assert imap.command("IDLE").status == "BAD"
    pop = Pop3.open(server, user)
    assert b"TOP\r\n" not in pop.multiline("CAPA")
    assert pop.command("TOP 1 1").startswith(b"-ERR")
    with pytest.raises(OSError):
        server.connect("pop3")
