"""The commands: exit statuses, --json, what they refuse, and where passwords do not go."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import threading
import time
from pathlib import Path

import pytest

from lib.clients import Imap, Smtp, simple_message
from lib.server import DOMAIN, PASSWORD, Server, binary


def names(text: bytes, key: str) -> list[str]:
    """The values of `key` in the list that a --json command printed."""
    items = json.loads(text)
    if isinstance(items, dict):
        items = next(value for value in items.values() if isinstance(value, list))
    return [item[key] if isinstance(item, dict) else item for item in items]


def test_wrong_use_exits_2(shared_server):
    for args in (["frobnicate"], ["account"], ["account", "frob"], ["account", "add"],
                 ["serve", "--frob"], ["alias", "add"], ["status", "surplus"]):
        done = shared_server.command(*args, check=False)
        assert done.returncode == 2, (args, done)
        assert done.stderr and not done.stdout, args
        assert b"Traceback" not in done.stderr and b"terminate called" not in done.stderr


def test_no_command_exits_2():
    done = subprocess.run([str(binary())], capture_output=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 2


def test_help_and_version_exit_0():
    for args in (["--help"], ["--version"], ["account", "--help"], ["serve", "--help"]):
        done = subprocess.run([str(binary()), *args], capture_output=True)
        assert done.returncode == 0 and done.stdout, args


def test_config_before_or_after_the_command(shared_server):
    path = str(shared_server.config)
    before = shared_server.command("--config", path, "domain", "list", with_config=False)
    after = shared_server.command("domain", "list", "--config", path, with_config=False)
    assert before.stdout == after.stdout
    assert DOMAIN in before.stdout.decode()


def test_account_life(server):
    address = server.add_account("life")
    assert address in names(server.command("account", "list", "--json").stdout, "address")
    assert address in server.command("account", "list").stdout.decode()

    twice = server.command("account", "add", address, "--password-stdin", input=PASSWORD,
                           check=False)
    assert twice.returncode == 1 and twice.stderr

    server.command("account", "password", address, "--password-stdin", input="another-Secret-9")
    assert Imap.open(server).command(f'LOGIN {address} "{PASSWORD}"').status == "NO"
    client = Imap.open(server, address, "another-Secret-9")
    client.append("INBOX", simple_message("kept@remote.example")).ok()

    server.command("account", "remove", address)
    assert address not in server.command("account", "list").stdout.decode()
    assert Imap.open(server).command(f'LOGIN {address} "another-Secret-9"').status == "NO"
    gone = server.command("account", "remove", address, check=False)
    assert gone.returncode == 1

    # RFC 9051 section 2.3.1.1: a new account of the same name shares nothing with the old.
    server.add_account("life")
    client = Imap.open(server, address)
    assert client.select() == 0
    client.logout()


def test_password_change_ends_the_cache(server):
    """A password that was right a moment ago is wrong at once after a change."""
    address = server.add_account("cached")
    for _ in range(2):
        Imap.open(server, address).logout()
    server.command("account", "password", address, "--password-stdin", input="another-Secret-9")
    assert Imap.open(server).command(f'LOGIN {address} "{PASSWORD}"').status == "NO"


def test_domain_life(server):
    server.command("domain", "add", "Second.Example")
    assert "second.example" in names(server.command("domain", "list", "--json").stdout, "domain")
    address = server.add_account("ann@second.example")
    client = Smtp.open(server)
    client.deliver(simple_message("d1@remote.example"), address)
    client.quit()
    refused = server.command("domain", "remove", "second.example", check=False)
    assert refused.returncode == 1, "a domain with accounts stays"
    server.command("account", "remove", address)
    server.command("domain", "remove", "second.example")
    client = Smtp.open(server)
    client.command("MAIL FROM:<a@remote.example>")
    assert client.command(f"RCPT TO:<{address}>")[0] == 550
    client.quit()
    bad = server.command("domain", "add", "-bad-.example", check=False)
    assert bad.returncode in (1, 2)


def test_account_of_a_foreign_domain(shared_server):
    done = shared_server.command("account", "add", "x@elsewhere.example", "--password-stdin",
                                 input=PASSWORD, check=False)
    assert done.returncode == 1 and b"elsewhere.example" in done.stderr


def test_alias_life(server):
    one, two = server.add_account("one"), server.add_account("two")
    server.command("alias", "add", f"team@{DOMAIN}", one, two)
    listed = server.command("alias", "list", "--json").stdout.decode()
    assert f"team@{DOMAIN}" in listed and one in listed and two in listed
    client = Smtp.open(server)
    client.deliver(simple_message("team-1@remote.example"), f"team@{DOMAIN}")
    client.quit()
    for address in (one, two):
        reader = Imap.open(server, address)
        assert reader.message_ids() == ["team-1@remote.example"]
        reader.logout()
    server.command("alias", "remove", f"team@{DOMAIN}")
    client = Smtp.open(server)
    client.command("MAIL FROM:<a@remote.example>")
    assert client.command(f"RCPT TO:<team@{DOMAIN}>")[0] == 550
    client.quit()


def test_alias_circles_end(server):
    """Aliases that name each other are refused or deliver nowhere; they do not hang the server."""
    server.add_account("real")
    server.command("alias", "add", f"a@{DOMAIN}", f"b@{DOMAIN}", check=False)
    server.command("alias", "add", f"b@{DOMAIN}", f"a@{DOMAIN}", check=False)
    client = Smtp.open(server)
    client.command("MAIL FROM:<a@remote.example>")
    assert client.command(f"RCPT TO:<a@{DOMAIN}>")[0] in (250, 450, 451, 550, 554)
    client.command("RSET")
    client.deliver(simple_message("real@remote.example"), f"real@{DOMAIN}")
    client.quit()


def test_status_json(shared_server):
    status = shared_server.status()
    assert status, "an object"
    for role in ("front", "login", "mx", "imap", "pop3", "core"):
        pids = shared_server.role_pids(role)
        assert pids, role
        assert all(Path(f"/proc/{pid}").exists() for pid in pids)
    text = json.dumps(status)
    for service in ("smtp", "imap", "imaps", "pop3", "pop3s", "lmtp"):
        assert f'"{service}"' in text
    assert shared_server.command("status").stdout.decode().strip()


def test_commands_without_a_server(make_server):
    """Accounts can be made before the first start; status says that nothing runs."""
    server = make_server(start=False)
    done = server.command("status", "--json", check=False)
    assert done.returncode == 1
    assert server.command("verify", check=False).returncode in (0, 1)
    server.add_account("early")
    server.start()
    Imap.open(server, f"early@{DOMAIN}").logout()


def test_verify_and_dump(server):
    address = server.add_account("dumped")
    client = Smtp.open(server)
    client.deliver(simple_message("dump-1@remote.example", subject="found in the dump"), address)
    client.quit()
    server.command("verify")
    dump = server.command("dump").stdout.decode()
    assert address in dump
    assert PASSWORD not in dump
    for line in dump.splitlines():
        json.loads(line)


def test_weak_password_is_warned_about(shared_server):
    done = shared_server.command("account", "add", f"weak@{DOMAIN}", "--password-stdin",
                                 input="short", check=False)
    assert done.returncode == 0 and b"warning" in done.stderr and b"8" in done.stderr
    assert b"short\n" not in done.stderr
    Imap.open(shared_server, f"weak@{DOMAIN}", "short").logout()


def test_weak_password_is_refused_when_so_configured(make_server):
    server = make_server({"auth.short_password": "refuse"})
    done = server.command("account", "add", f"weak@{DOMAIN}", "--password-stdin", input="short",
                          check=False)
    assert done.returncode == 1 and b"8" in done.stderr
    assert f"weak@{DOMAIN}" not in server.command("account", "list").stdout.decode()


def test_password_from_standard_input_ends_at_the_line(shared_server):
    address = f"newline@{DOMAIN}"
    shared_server.command("account", "add", address, "--password-stdin", input=PASSWORD + "\n")
    Imap.open(shared_server, address).logout()


def test_no_password_on_the_command_line(shared_server):
    """There is no option that would put a password into every `ps`."""
    for option in ("--password", "-p"):
        done = shared_server.command("account", "add", f"argv@{DOMAIN}", option, PASSWORD,
                                     check=False)
        assert done.returncode == 2, option


def test_passwords_in_no_argv_or_environment(shared_server):
    """While an account is added, no process shows its password."""
    secret = "Seen-By-Nobody-4711"
    seen: list[str] = []
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            for entry in os.listdir("/proc"):
                for name in ("cmdline", "environ"):
                    try:
                        data = Path(f"/proc/{entry}/{name}").read_bytes()
                    except OSError:
                        continue
                    if secret.encode() in data:
                        seen.append(entry)
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        shared_server.add_account("watched", secret)
        Imap.open(shared_server, f"watched@{DOMAIN}", secret).logout()
    finally:
        stop.set()
        watcher.join()
    assert not seen


def test_password_is_asked_for_on_a_terminal(shared_server):
    """Without --password-stdin the terminal is asked, twice, without echo."""
    address = f"typed@{DOMAIN}"
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(str(binary()), ["peregrine", "--config", str(shared_server.config), "account",
                                 "add", address])
    shown, answers, deadline = b"", 0, time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            data = os.read(terminal, 4096)
        except OSError:
            break
        if not data:
            break
        shown += data
        if shown.count(b":") > answers and answers < 2:
            answers += 1
            os.write(terminal, PASSWORD.encode() + b"\n")
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, shown
    assert PASSWORD.encode() not in shown
    Imap.open(shared_server, address).logout()


def test_init_does_not_overwrite(make_server):
    server = make_server(start=False)
    before = server.config.read_text()
    done = server.run_init(server.offset, check=False)
    assert done.returncode == 1 and done.stderr
    assert server.config.read_text() == before


def test_init_protects_keys_and_data(make_server):
    server = make_server(start=False)
    for path in server.data.rglob("*"):
        if "key" in path.name and path.is_file():
            assert path.stat().st_mode & 0o077 == 0, path
    assert server.data.stat().st_mode & 0o007 == 0


def test_installed_binary_has_no_set_id_bit():
    assert binary().stat().st_mode & 0o6000 == 0


def test_sandbox_check(server):
    done = server.command("sandbox-check", timeout=120)
    assert done.stdout
    server.command("status")


def test_unknown_configuration_file(tmp_path):
    server = Server(directory=tmp_path)
    done = server.command("status", check=False)
    assert done.returncode == 1
    assert b"peregrine.toml" in done.stderr


@pytest.mark.parametrize("address", ["", "@", "nobody", "a@b@c", "x@", "@example.test",
                                     "a b@example.test", "../x@example.test\n",
                                     "\x1b[31m@example.test"])
def test_bad_addresses(shared_server, address):
    done = shared_server.command("account", "add", address, "--password-stdin", input=PASSWORD,
                                 check=False)
    assert done.returncode in (1, 2), done
    assert b"\x1b" not in done.stderr
