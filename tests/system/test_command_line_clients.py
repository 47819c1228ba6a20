"""curl, swaks, fetchmail, mutt and smtp-source against the server. Each is skipped if absent."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import time

import pytest

from lib.clients import Imap, Smtp, simple_message
from lib.connection import SLOW
from lib.server import PASSWORD


SEARCH = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"


def needs(program: str):
    found = shutil.which(program, path=SEARCH)
    return pytest.mark.skipif(found is None, reason=f"{program} is not installed")


def run(*argv: str, timeout: float = 60, **kwargs) -> subprocess.CompletedProcess:
    return subprocess.run(argv, capture_output=True, timeout=timeout * SLOW, **kwargs)


def deliver(server, user: str, count: int) -> list[str]:
    ids = [f"{user.split('@')[0]}-{n}@remote.example" for n in range(count)]
    client = Smtp.open(server, "lmtp")
    for message_id in ids:
        client.deliver(simple_message(message_id, body=f"body of {message_id}\n.dot"), user)
    client.quit()
    return ids


# curl

@needs("curl")
def test_curl_sends(shared_server, user, tmp_path):
    path = tmp_path / "message"
    path.write_bytes(simple_message("curl-1@remote.example"))
    done = run("curl", "-sS", "-k", "--ssl-reqd", f"smtp://127.0.0.1:{shared_server.port('smtp')}",
               "--mail-from", "a@remote.example", "--mail-rcpt", user, "-T", str(path))
    assert done.returncode == 0, done.stderr
    client = Imap.open(shared_server, user)
    assert client.message_ids() == ["curl-1@remote.example"]
    client.logout()


@needs("curl")
@pytest.mark.parametrize("scheme, service", [("imaps", "imaps"), ("imap", "imap"),
                                             ("pop3s", "pop3s"), ("pop3", "pop3")])
def test_curl_reads(shared_server, user, scheme, service):
    ids = deliver(shared_server, user, 2)
    path = "/INBOX;MAILINDEX=2" if scheme.startswith("imap") else "/2"
    extra = [] if scheme.endswith("s") else ["--ssl-reqd"]
    done = run("curl", "-sS", "-k", *extra, "-u", f"{user}:{PASSWORD}",
               f"{scheme}://127.0.0.1:{shared_server.port(service)}{path}")
    assert done.returncode == 0, done.stderr
    assert ids[1].encode() in done.stdout


@needs("curl")
def test_curl_imap_commands(shared_server, user):
    deliver(shared_server, user, 3)
    base = f"imaps://127.0.0.1:{shared_server.port('imaps')}"
    login = ("curl", "-sS", "-k", "-u", f"{user}:{PASSWORD}")
    assert b"* SEARCH 1 2 3" in run(*login, f"{base}/INBOX", "-X", "SEARCH ALL").stdout
    assert b"INBOX" in run(*login, f"{base}/").stdout
    wrong = run("curl", "-sS", "-k", "-u", f"{user}:wrong-password", f"{base}/INBOX")
    assert wrong.returncode == 67


@needs("curl")
def test_curl_appends(shared_server, user, tmp_path):
    path = tmp_path / "message"
    path.write_bytes(simple_message("curl-append@remote.example"))
    done = run("curl", "-sS", "-k", "-u", f"{user}:{PASSWORD}", "-T", str(path),
               f"imaps://127.0.0.1:{shared_server.port('imaps')}/INBOX")
    assert done.returncode == 0, done.stderr


# swaks

@needs("swaks")
@pytest.mark.parametrize("options", [[], ["--tls"], ["--pipeline"], ["--helo", "[127.0.0.1]"]])
def test_swaks(shared_server, user, options):
    done = run("swaks", "--server", "127.0.0.1", "--port", str(shared_server.port("smtp")),
               "--from", "a@remote.example", "--to", user, "--helo", "client.test", *options)
    assert done.returncode == 0, done.stdout[-2000:]


@needs("swaks")
def test_swaks_lmtp(shared_server, user):
    done = run("swaks", "--protocol", "LMTP", "--socket", shared_server.lmtp_path,
               "--from", "a@remote.example", "--to", user)
    assert done.returncode == 0, done.stdout[-2000:]


@needs("swaks")
def test_swaks_refused(shared_server):
    done = run("swaks", "--server", "127.0.0.1", "--port", str(shared_server.port("smtp")),
               "--from", "a@remote.example", "--to", "x@external.example.net")
    assert done.returncode == 24, "swaks: 24 means no recipient was accepted"


# fetchmail

@needs("fetchmail")
@pytest.mark.parametrize("protocol, service", [("pop3", "pop3s"), ("imap", "imaps")])
def test_fetchmail(shared_server, user, tmp_path, protocol, service):
    ids = deliver(shared_server, user, 5)
    box = tmp_path / "box"
    rc = tmp_path / "fetchmailrc"
    rc.write_text(
        f'poll 127.0.0.1 service {shared_server.port(service)} protocol {protocol}\n'
        f'  user "{user}" password "{PASSWORD}" ssl no sslcertck nokeep fetchall\n'
        f'  mda "/bin/cat >> {box}"\n')
    rc.chmod(0o600)
    environment = {**os.environ, "HOME": str(tmp_path), "FETCHMAILHOME": str(tmp_path)}
    done = run("fetchmail", "-f", str(rc), "--nodetach", "--nosyslog", "-v", env=environment)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    text = box.read_text()
    assert [text.count(f"Message-ID: <{message_id}>") for message_id in ids] == [1] * 5
    assert text.count("\n.dot\n") == 5
    client = Imap.open(shared_server, user)
    assert client.select() == 0, "fetchmail deletes what it has fetched"
    client.logout()


# mutt

@needs("mutt")
def test_mutt_copies_a_mailbox(shared_server, user, tmp_path):
    ids = deliver(shared_server, user, 4)
    box = tmp_path / "copy"
    rc = tmp_path / "muttrc"
    rc.write_text(f"""
set folder = "imap://127.0.0.1:{shared_server.port('imap')}/"
set spoolfile = "+INBOX"
set imap_user = "{user}"
set imap_pass = "{PASSWORD}"
set ssl_starttls = no
set ssl_force_tls = no
set header_cache = ""
set mbox_type = mbox
set confirmappend = no
set confirmcreate = no
set move = no
set delete = yes
set quit = yes
set sleep_time = 0
set tmpdir = "{tmp_path}"
""")
    keys = f"<tag-pattern>~A<enter><tag-prefix><copy-message>{box}<enter><flag-message><quit>"
    status, screen = in_terminal(["mutt", "-n", "-F", str(rc), "-e", f'push "{keys}"'], tmp_path)
    assert status == 0, screen[-2000:]
    text = box.read_text()
    assert [text.count(f"<{message_id}>") for message_id in ids] == [1] * 4


@needs("mutt")
def test_mutt_deletes(shared_server, user, tmp_path):
    ids = deliver(shared_server, user, 4)
    rc = tmp_path / "muttrc"
    rc.write_text(f"""
set folder = "imap://127.0.0.1:{shared_server.port('imap')}/"
set spoolfile = "+INBOX"
set imap_user = "{user}"
set imap_pass = "{PASSWORD}"
set ssl_starttls = no
set ssl_force_tls = no
set header_cache = ""
set move = no
set delete = yes
set quit = yes
set sleep_time = 0
set tmpdir = "{tmp_path}"
""")
    keys = "<first-entry><next-entry><delete-message><sync-mailbox><quit>"
    status, screen = in_terminal(["mutt", "-n", "-F", str(rc), "-e", f'push "{keys}"'], tmp_path)
    assert status == 0, screen[-2000:]
    client = Imap.open(shared_server, user)
    assert client.message_ids() == [ids[0], ids[2], ids[3]]
    client.logout()


def in_terminal(argv: list[str], home, timeout: float = 40) -> tuple[int, bytes]:
    """Runs a full-screen program; its exit status and all that it drew."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm", HOME=str(home), COLUMNS="100", LINES="30", LC_ALL="C")
        os.execvp(argv[0], argv)
    screen, deadline = b"", time.monotonic() + timeout * SLOW
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 0.5)[0]:
            continue
        try:
            data = os.read(terminal, 65536)
        except OSError:
            break
        if not data:
            break
        screen += data
    else:
        os.kill(pid, 9)
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), screen


# smtp-source

@needs("smtp-source")
@pytest.mark.parametrize("options", [[], ["-d"]])
def test_smtp_source(shared_server, user, options):
    program = shutil.which("smtp-source", path=SEARCH)
    done = run(program, *options, "-s", "10", "-m", "200", "-l", "3000",
               "-f", "a@remote.example", "-t", user,
               f"inet:127.0.0.1:{shared_server.port('smtp')}")
    assert done.returncode == 0, done.stderr
    client = Imap.open(shared_server, user)
    assert client.select() == 200
    client.logout()
